package org.sled.net.round;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.sled.net.round.FakeSession.verdict;

import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.sled.net.protocol.FinishReason;
import org.sled.net.protocol.VerdictFrame;
import org.sled.net.protocol.VerdictStatus;

/** The device's table of PROTOCOL.md, row by row. */
final class DeviceRoundsTest {
  private final DeviceRounds rounds = new DeviceRounds(3, 100);

  /**
   * Epoch 2, C = 5, newest token 14. Round 1 was answered STALE, so round 2, its successor, is
   * dead. Round 3 starts at the newest token with 3 drafts; round 4 follows it, guessing 18.
   */
  @BeforeEach
  void prepare() {
    rounds.restart(2, 5, 14);
    rounds.send(4, 14, 3);
    rounds.send(8, 18, 2);
    assertEquals(DeviceAction.DROP_STALE, rounds.onVerdict(stale(1, 5)));
    assertEquals(0, rounds.predecessorRound());
    rounds.send(4, 14, 3);
    assertEquals(3, rounds.predecessorRound());
    rounds.send(8, 18, 2);
    assertEquals(2, rounds.aliveInFlight());
  }

  private static VerdictFrame stale(int round, int length) {
    return verdict(2, round, VerdictStatus.STALE, 0, 0, -1, length, FinishReason.NONE);
  }

  private static VerdictFrame verified(
      int round, int verified, int accepted, int next, int length) {
    return verdict(
        2, round, VerdictStatus.VERIFIED, verified, accepted, next, length, FinishReason.NONE);
  }

  static Stream<Arguments> rows() {
    VerdictStatus repeated = VerdictStatus.REPEATED;
    FinishReason none = FinishReason.NONE;
    return Stream.of(
        Arguments.of(1, verdict(1, 3, repeated, 3, 3, 18, 9, none), DeviceAction.IGNORE_LATE),
        Arguments.of(2, verdict(3, 3, repeated, 3, 3, 18, 9, none), DeviceAction.PROTOCOL_ERROR),
        Arguments.of(3, verified(5, 0, 0, 1, 6), DeviceAction.PROTOCOL_ERROR),
        Arguments.of(3, verified(0, 0, 0, 1, 6), DeviceAction.PROTOCOL_ERROR),
        Arguments.of(4, verified(1, 3, 3, 18, 9), DeviceAction.IGNORE_LATE),
        Arguments.of(5, verified(3, 4, 3, 18, 9), DeviceAction.PROTOCOL_ERROR),
        Arguments.of(5, verified(3, 2, 3, 18, 9), DeviceAction.PROTOCOL_ERROR),
        Arguments.of(6, stale(3, 4), DeviceAction.PROTOCOL_ERROR),
        Arguments.of(
            6, verdict(2, 3, VerdictStatus.STALE, 1, 1, -1, 5, none), DeviceAction.PROTOCOL_ERROR),
        Arguments.of(7, stale(3, 5), DeviceAction.DROP_STALE),
        Arguments.of(8, stale(2, 5), DeviceAction.IGNORE_LATE),
        Arguments.of(8, verified(2, 2, 2, 21, 12), DeviceAction.IGNORE_LATE),
        Arguments.of(9, verified(3, 3, 3, 18, 8), DeviceAction.PROTOCOL_ERROR),
        Arguments.of(10, verified(3, 3, 3, 100, 9), DeviceAction.PROTOCOL_ERROR),
        Arguments.of(10, verified(3, 3, 3, -1, 9), DeviceAction.PROTOCOL_ERROR),
        Arguments.of(11, verified(3, 3, 3, 18, 9), DeviceAction.COMMIT),
        Arguments.of(11, verified(3, 1, 1, 18, 7), DeviceAction.COMMIT),
        Arguments.of(11, verdict(2, 3, repeated, 1, 0, 18, 6, none), DeviceAction.COMMIT),
        Arguments.of(12, verified(4, 2, 2, 21, 12), DeviceAction.PROTOCOL_ERROR));
  }

  @ParameterizedTest(name = "row {0}: {2}")
  @MethodSource("rows")
  void acts(int row, VerdictFrame verdict, DeviceAction expected) {
    assertEquals(expected, rounds.onVerdict(verdict), () -> "row " + row);
  }

  @Test
  void windowStandsWhenFullyAcceptedAndTheGuessIsRight() {
    rounds.onVerdict(verified(3, 3, 3, 18, 9));
    assertEquals(9, rounds.committedLength());
    assertEquals(18, rounds.newestToken());
    assertEquals(1, rounds.aliveInFlight());
    assertEquals(DeviceAction.COMMIT, rounds.onVerdict(verified(4, 2, 1, 30, 11)));
    assertEquals(0, rounds.inFlight());
  }

  @Test
  void windowDiesWhenNotFullyAcceptedOrTheGuessIsWrong() {
    rounds.onVerdict(verified(3, 3, 3, 19, 9));
    assertEquals(0, rounds.aliveInFlight());
    assertEquals(1, rounds.inFlight());
    prepare();
    rounds.onVerdict(verified(3, 3, 2, 18, 8));
    assertEquals(0, rounds.aliveInFlight());
    assertEquals(DeviceAction.IGNORE_LATE, rounds.onVerdict(stale(4, 8)));
    assertEquals(0, rounds.inFlight());
  }

  @Test
  void tokensCommittedOtherwiseKillWhatDoesNotFollow() {
    rounds.advance(7, 50);
    assertEquals(0, rounds.aliveInFlight());
    assertEquals(7, rounds.committedLength());
  }

  @Test
  void windowIsBounded() {
    assertThrows(IllegalStateException.class, () -> rounds.send(11, 21, 1));
    rounds.dropAll();
    assertEquals(5, rounds.send(4, 14, 1), "rounds go on increasing");
    assertEquals(DeviceAction.IGNORE_LATE, rounds.onVerdict(verified(3, 3, 3, 18, 9)));
  }
}
