package org.sled.net.round;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.sled.net.round.FakeSession.draft;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.sled.net.protocol.DraftFrame;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.FinishReason;

/** The server's table of PROTOCOL.md, row by row. */
final class RoundRulesTest {
  /** Epoch 2, committed 10 11 12 13 14 (so C − 1 is 4), rounds up to 7 answered. */
  private static FakeSession session() {
    FakeSession session = new FakeSession(10, 11, 12, 13, 14);
    session.epoch = 2;
    session.lastRound = 7;
    return session;
  }

  private static final RoundRules RULES = new RoundRules(100, 8, 6);

  static Stream<Arguments> rows() {
    return Stream.of(
        Arguments.of(1, false, draft(1, 8, 0, 4, 14, 1), RoundDecision.IGNORE_LATE),
        Arguments.of(2, false, draft(3, 8, 0, 4, 14, 1), RoundDecision.REJECT_EPOCH),
        Arguments.of(3, false, draft(2, 0, 0, 4, 14, 1), RoundDecision.REJECT_ROUND),
        Arguments.of(3, false, draft(2, 8, 8, 4, 14, 1), RoundDecision.REJECT_ROUND),
        Arguments.of(
            4,
            false,
            draft(2, 8, 0, 4, 14, 1, 2, 3, 4, 5, 6, 7),
            RoundDecision.REJECT_BLOCK_TOO_LONG),
        Arguments.of(5, false, draft(2, 8, 0, 4, 100, 1), RoundDecision.REJECT_TOKEN_RANGE),
        Arguments.of(5, false, draft(2, 8, 0, 4, 14, 1, 100), RoundDecision.REJECT_TOKEN_RANGE),
        Arguments.of(5, false, draft(2, 8, 0, 4, 14, -1), RoundDecision.REJECT_TOKEN_RANGE),
        Arguments.of(6, false, draft(2, 6, 0, 2, 12, 13, 14), RoundDecision.ANSWER_AGAIN),
        Arguments.of(6, true, draft(2, 6, 0, 2, 12, 13, 14), RoundDecision.ANSWER_AGAIN),
        Arguments.of(7, false, draft(2, 6, 0, 2, 99, 13, 14), RoundDecision.STALE),
        Arguments.of(7, true, draft(2, 6, 0, 2, 99, 13, 14), RoundDecision.STALE),
        Arguments.of(8, true, draft(2, 8, 0, 4, 14, 1), RoundDecision.FINISHED),
        Arguments.of(8, true, draft(2, 8, 7, 6, 14, 1), RoundDecision.FINISHED),
        Arguments.of(9, false, draft(2, 8, 0, 4, 99, 1), RoundDecision.STALE),
        Arguments.of(
            10, false, draft(2, 8, 0, 4, 14, 1, 2, 3, 4), RoundDecision.REJECT_CONTEXT_FULL),
        Arguments.of(11, false, draft(2, 8, 0, 4, 14, 1, 2, 3), RoundDecision.VERIFY),
        Arguments.of(11, false, draft(2, 8, 0, 4, 14), RoundDecision.VERIFY),
        Arguments.of(11, false, draft(2, 8, 7, 4, 14, 1), RoundDecision.VERIFY),
        Arguments.of(12, false, draft(2, 8, 7, 6, 14, 1), RoundDecision.STALE),
        Arguments.of(13, false, draft(2, 9, 8, 6, 14, 1), RoundDecision.REJECT_OFFSET),
        Arguments.of(13, false, draft(2, 8, 0, 6, 14, 1), RoundDecision.REJECT_OFFSET),
        Arguments.of(
            13, false, draft(2, 8, 0, Integer.MAX_VALUE, 14, 1), RoundDecision.REJECT_OFFSET));
  }

  @ParameterizedTest(name = "row {0}: {3}")
  @MethodSource("rows")
  void decides(int row, boolean finished, DraftFrame block, RoundDecision expected) {
    FakeSession session = session();
    session.finishReason = finished ? FinishReason.STOP : FinishReason.NONE;
    assertEquals(expected, RULES.decide(session, block), () -> "row " + row);
  }

  @Test
  void decisionsThatAreErrorsHaveACode() {
    assertEquals(ErrorCode.OFFSET, RoundDecision.REJECT_OFFSET.errorCode());
    assertNull(RoundDecision.STALE.errorCode());
  }

  @Test
  void answersAgainFromCommittedTokens() {
    assertAnswer(draft(2, 1, 0, 1, 11, 12, 13), 2, 2, 14, 5);
    assertAnswer(draft(2, 1, 0, 1, 11, 12, 99), 2, 1, 13, 4);
    assertAnswer(draft(2, 1, 0, 1, 11), 0, 0, 12, 3);
    // All drafts are committed, but one committed token must stay to be the next one.
    assertAnswer(draft(2, 1, 0, 1, 11, 12, 13, 14), 2, 2, 14, 5);
    assertAnswer(draft(2, 1, 0, 3, 13, 14, 15), 0, 0, 14, 5);
    assertAnswer(draft(2, 1, 0, 3, 13, 99), 1, 0, 14, 5);
  }

  private static void assertAnswer(
      DraftFrame block, int verified, int accepted, int next, int length) {
    FakeSession session = session();
    session.finishReason = FinishReason.LENGTH;
    assertEquals(RoundDecision.ANSWER_AGAIN, RULES.decide(session, block));
    CommittedAnswer answer = new CommittedAnswer().compute(session, block);
    assertEquals(verified, answer.verified(), "verified");
    assertEquals(accepted, answer.accepted(), "accepted");
    assertEquals(next, answer.nextToken(), "next token");
    assertEquals(length, answer.committedLength(), "committed length");
    assertEquals(length == 5 ? FinishReason.LENGTH : FinishReason.NONE, answer.finishReason());
  }
}
