package org.sled.jni;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OffHeapTest {
  private long bytesBefore;

  @BeforeEach
  void rememberNativeBytes() {
    bytesBefore = NativeMemory.allocatedBytes();
  }

  @AfterEach
  void nativeBytesAreBackWhereTheyWere() {
    assertEquals(bytesBefore, NativeMemory.allocatedBytes());
  }

  @Test
  void aSlotLiesInMemoryAsTheHeaderSays() {
    try (VerifySlots slots = new VerifySlots(3)) {
      assertEquals(0, slots.address() % 64, "a slot is one cache line");
      slots.set(1, 7, 41, 2, 4, 0x1122334455667788L);
      slots.script(1, 4, 3, 99, 46, 2);
      ByteBuffer slot = slots.buffer().slice(64, 64).order(ByteOrder.LITTLE_ENDIAN);
      assertEquals(7, slot.getInt(0));
      assertEquals(41, slot.getInt(4));
      assertEquals(2, slot.getInt(8));
      assertEquals(4, slot.getInt(12));
      assertEquals(0x1122334455667788L, slot.getLong(16));
      assertEquals(0, slot.getInt(24));
      assertEquals(4, slot.getInt(28));
      assertEquals(3, slot.getInt(32));
      assertEquals(99, slot.getInt(36));
      assertEquals(46, slot.getInt(40));
      assertEquals(2, slot.getInt(44));

      assertEquals(7, slots.session(1));
      assertEquals(41, slots.kvOffset(1));
      assertEquals(2, slots.leadCount(1));
      assertEquals(4, slots.draftCount(1));
      assertEquals(0x1122334455667788L, slots.tokensAddress(1));
      assertEquals(4, slots.verified(1));
      assertEquals(3, slots.accepted(1));
      assertEquals(99, slots.nextToken(1));
      assertEquals(46, slots.committed(1));
      assertEquals(Finish.LENGTH, Finish.of(slots.finish(1)));
      assertEquals(0, slots.session(0), "neighbours are untouched");
      assertEquals(0, slots.session(2), "neighbours are untouched");
    }
  }

  @Test
  void indexesAreChecked() {
    try (VerifySlots slots = new VerifySlots(2)) {
      assertThrows(IndexOutOfBoundsException.class, () -> slots.status(2));
      assertThrows(IndexOutOfBoundsException.class, () -> slots.status(-1));
    }
    Failures.expect(SledStatus.ARGUMENT, () -> new VerifySlots(0));
    assertThrows(ArithmeticException.class, () -> new VerifySlots(Integer.MAX_VALUE));
  }

  @Test
  void tokensGrowAndKeepTheirValues() {
    try (TokenBuffer tokens = new TokenBuffer(1)) {
      int[] expected = new int[1000];
      for (int i = 0; i < expected.length; i++) {
        expected[i] = i * 31 - 7;
        tokens.add(expected[i]);
      }
      assertArrayEquals(expected, tokens.toArray());
      assertEquals(tokens.address() + 4 * 999, tokens.addressOf(999));

      tokens.truncate(3);
      tokens.addAll(new int[] {5, 6});
      tokens.set(0, 1);
      assertArrayEquals(new int[] {1, expected[1], expected[2], 5, 6}, tokens.toArray());
      assertEquals(6, tokens.get(4));
      assertThrows(IndexOutOfBoundsException.class, () -> tokens.get(5));
      assertThrows(IndexOutOfBoundsException.class, () -> tokens.addressOf(6));
      assertThrows(IndexOutOfBoundsException.class, () -> tokens.truncate(6));
      tokens.clear();
      assertEquals(0, tokens.size());
    }
  }

  @Test
  void closingTwiceDoesNothingAndUseAfterClosingThrows() {
    VerifySlots slots = new VerifySlots(1);
    slots.close();
    slots.close();
    Failures.expect(SledStatus.HANDLE, () -> slots.status(0));
    Failures.expect(SledStatus.HANDLE, slots::address);

    TokenBuffer tokens = new TokenBuffer(1);
    tokens.close();
    tokens.close();
    Failures.expect(SledStatus.HANDLE, () -> tokens.add(1));

    StepStats stats = new StepStats();
    stats.close();
    assertEquals(
        "StepStats is closed", Failures.expect(SledStatus.HANDLE, stats::rows).getMessage());
  }

  @Test
  void statusesKnowTheirNumbers() {
    for (SledStatus status : SledStatus.values()) {
      assertEquals(status, SledStatus.of(status.code()));
    }
    assertEquals(SledStatus.INTERNAL, SledStatus.of(1));
    assertEquals(SledStatus.INTERNAL, SledStatus.of(-1000));
    assertEquals(Finish.CONTEXT, Finish.of(SledNative.SLED_FINISH_CONTEXT));
    assertThrows(IllegalArgumentException.class, () -> Finish.of(4));
  }
}
