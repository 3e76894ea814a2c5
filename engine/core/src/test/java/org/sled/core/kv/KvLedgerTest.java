package org.sled.core.kv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class KvLedgerTest {
  private final KvLedger ledger = new KvLedger(8, 2, 100, 1000);

  private void resident(int session, int sequence, int tokens) {
    ledger.opened(session);
    ledger.attached(session, sequence);
    ledger.cached(session, tokens);
  }

  @Test
  void sequencesAreGivenFromTheLowestOn() {
    assertEquals(0, ledger.freeSequence());
    resident(3, 0, 10);
    assertEquals(1, ledger.freeSequence());
    resident(4, 1, 20);
    assertEquals(KvLedger.NONE, ledger.freeSequence());
    assertEquals(30, ledger.cellsUsed());
    ledger.closed(3);
    assertEquals(0, ledger.freeSequence());
    assertEquals(20, ledger.cellsUsed());
  }

  @Test
  void whoMakesRoom() {
    resident(0, 0, 10);
    resident(1, 1, 10);
    assertEquals(KvLedger.NONE, ledger.victim(), "all are busy");
    ledger.idle(1);
    ledger.idle(0);
    assertEquals(1, ledger.victim(), "the longest idle");
    ledger.busy(1);
    ledger.idle(1);
    assertEquals(0, ledger.victim());
    ledger.retired(1);
    assertEquals(1, ledger.victim(), "retired ones first");
    ledger.closed(1);
    assertEquals(0, ledger.victim());
  }

  @Test
  void savedCellsComeBack() {
    resident(0, 0, 40);
    ledger.idle(0);
    ledger.detached(0, 700);
    assertFalse(ledger.isResident(0));
    assertEquals(0, ledger.cellsUsed());
    assertEquals(700, ledger.savedBytes());
    assertTrue(ledger.maySave(300));
    assertFalse(ledger.maySave(301));
    ledger.attached(0, 1);
    assertEquals(40, ledger.cellsUsed());
    assertEquals(0, ledger.savedBytes());
  }

  @Test
  void forgottenCellsDoNot() {
    resident(0, 0, 40);
    ledger.detached(0, 0);
    assertEquals(0, ledger.cells(0));
    ledger.attached(0, 0);
    assertEquals(0, ledger.cellsUsed());
  }

  @Test
  void aSequenceIsTakenOver() {
    resident(0, 1, 40);
    ledger.retired(0);
    ledger.opened(5);
    ledger.moved(0, 5, 30);
    assertEquals(1, ledger.sequenceOf(5));
    assertEquals(30, ledger.cellsUsed());
    assertFalse(ledger.isResident(0));
  }

  @Test
  void mistakesAreNotSwallowed() {
    resident(0, 0, 40);
    assertThrows(IllegalStateException.class, () -> ledger.opened(0));
    assertThrows(IllegalStateException.class, () -> ledger.attached(0, 1));
    assertThrows(IllegalStateException.class, () -> ledger.cached(0, 101));
    assertThrows(IllegalStateException.class, () -> ledger.closed(1));
    ledger.opened(1);
    assertThrows(IllegalStateException.class, () -> ledger.attached(1, 0));
    assertThrows(IllegalStateException.class, () -> ledger.idle(1));
  }

  /** Against plain sums over all sessions. */
  @Test
  void sumsStayRight() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      KvLedger large = new KvLedger(40, 7, 100, 5000);
      boolean[] open = new boolean[40];
      for (int i = 0; i < 300; i++) {
        int session = random.nextInt(40);
        if (!open[session]) {
          large.opened(session);
          open[session] = true;
        } else if (!large.isResident(session)) {
          int sequence = large.freeSequence();
          if (sequence == KvLedger.NONE && large.victim() != KvLedger.NONE) {
            int victim = large.victim();
            boolean keep = large.cells(victim) > 0 && large.maySave(large.cells(victim) * 10L);
            large.detached(victim, keep ? large.cells(victim) * 10L : 0);
            sequence = large.freeSequence();
          }
          if (sequence != KvLedger.NONE) {
            large.attached(session, sequence);
          }
        } else {
          switch (random.nextInt(5)) {
            case 0 -> {
              large.busy(session);
              large.cached(session, random.nextInt(101));
            }
            case 1 -> large.busy(session);
            case 2 -> large.idle(session);
            case 3 -> large.retired(session);
            default -> {
              large.closed(session);
              open[session] = false;
            }
          }
        }
        long used = 0;
        long retained = 0;
        int residents = 0;
        for (int k = 0; k < 40; k++) {
          used += large.isResident(k) ? large.cells(k) : 0;
          residents += large.isResident(k) ? 1 : 0;
          retained += large.isRetired(k) ? large.cells(k) : 0;
        }
        assertEquals(retained, large.cellsRetained());
        assertEquals(used, large.cellsUsed());
        assertEquals(residents, large.residents());
        assertTrue(large.savedBytes() <= 5000);
      }
      for (int k = 0; k < 40; k++) {
        if (open[k]) {
          large.closed(k);
        }
      }
      assertEquals(0, large.cellsUsed());
      assertEquals(0, large.savedBytes());
      assertEquals(0, large.residents());
      assertEquals(0, large.cellsRetained());
    }
  }
}
