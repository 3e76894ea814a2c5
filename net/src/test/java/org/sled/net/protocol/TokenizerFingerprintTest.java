package org.sled.net.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class TokenizerFingerprintTest {
  private static final TokenizerFingerprint TARGET = new TokenizerFingerprint(2048, 1, 2, 3, 4);

  @Test
  void namesExactlyWhatDiffers() {
    assertEquals("", TARGET.describeDifference(new TokenizerFingerprint(2048, 1, 2, 3, 4)));
    assertEquals(
        "vocabulary size 2048 vs 1500; tokens differ; pre-tokenizer differs",
        TARGET.describeDifference(new TokenizerFingerprint(1500, 9, 2, 3, 9)));
    assertEquals(
        "merges differ; special tokens differ",
        TARGET.describeDifference(new TokenizerFingerprint(2048, 1, 9, 9, 4)));
  }

  @Test
  void matchesOnlyItself() {
    assertTrue(TARGET.matches(new TokenizerFingerprint(2048, 1, 2, 3, 4)));
    assertFalse(TARGET.matches(TokenizerFingerprint.NONE));
  }

  @Test
  void textsForPeopleAreCutBetweenCharacters() {
    String emoji = "\ud83d\ude00".repeat(400);
    String cut = ErrorMessage.fatal(ErrorCode.INTERNAL, emoji).text();
    assertTrue(cut.getBytes(StandardCharsets.UTF_8).length <= Limits.TEXT_BYTES);
    assertFalse(Character.isHighSurrogate(cut.charAt(cut.length() - 1)));
  }
}
