package org.sled.net.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class TokenDigestTest {
  @Test
  void isTheFnvThatOthersCompute() {
    assertEquals(0xcbf29ce484222325L, TokenDigest.of(TokenIds.EMPTY));
    int foob = 'f' | 'o' << 8 | 'o' << 16 | 'b' << 24;
    assertEquals(0xdd120e790c2512afL, TokenDigest.of(TokenIds.of(foob)));
  }

  @Test
  void goesOverLittleEndianBytes() {
    int[] ids = new Random(1).ints(100).toArray();
    ByteBuffer bytes = ByteBuffer.allocate(4 * ids.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(ids);
    long expected = 0xcbf29ce484222325L;
    for (byte next : bytes.array()) {
      expected = (expected ^ (next & 0xFF)) * 0x100000001b3L;
    }
    assertEquals(expected, TokenDigest.of(TokenIds.of(ids)));
    assertEquals(expected, TokenDigest.of(ids, ids.length));
    assertNotEquals(expected, TokenDigest.of(ids, ids.length - 1));
  }

  @Test
  void dependsOnTheOrder() {
    assertNotEquals(TokenDigest.of(TokenIds.of(1, 2)), TokenDigest.of(TokenIds.of(2, 1)));
  }
}
