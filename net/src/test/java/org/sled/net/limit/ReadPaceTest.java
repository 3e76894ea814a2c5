package org.sled.net.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ReadPaceTest {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final ReadPace pace = new ReadPace();
  private long now = Long.MAX_VALUE - SECOND; // the clock may wrap

  /** Reads as fast as the pace lets it for ten seconds; returns frames per second. */
  private double flood(int framesPerRead, int bytesPerRead, int sessions) {
    long end = now + 10 * SECOND;
    long frames = 0;
    while (now - end < 0) {
      now += 10_000 + pace.read(now, framesPerRead, bytesPerRead, sessions);
      frames += framesPerRead;
    }
    return frames / 10.0;
  }

  @Test
  void aFloodOfFramesIsReadAtItsPace() {
    // A second's worth ahead makes eleven in ten seconds.
    assertEquals(1.1 * ReadPace.FRAMES_PER_SECOND, flood(512, 16_384, 0), 200);
  }

  @Test
  void aFloodOfBytesIsReadAtItsPace() {
    double reads = flood(0, 16_384, 0);
    assertEquals(0, reads);
    double frames = flood(1, 16_384, 1_000);
    double most = ReadPace.BYTES_PER_SECOND + 1_000.0 * ReadPace.BYTES_PER_SECOND_AND_SESSION;
    assertTrue(frames * 16_384 < 1.2 * most, () -> frames + " reads/s");
    assertTrue(frames * 16_384 > most, () -> frames + " reads/s");
  }

  @Test
  void eachOpenSessionHasItsShare() {
    double frames = flood(100, 5_200, 8);
    double most = ReadPace.FRAMES_PER_SECOND + 8 * ReadPace.FRAMES_PER_SECOND_AND_SESSION;
    assertTrue(frames > most && frames < 1.2 * most, () -> frames + " frames/s");
  }

  @Test
  void devicesAreNeverPaused() {
    // 64 sessions, each with a block and a push per step of 5 ms; and a prompt of 1 MiB a second.
    for (int step = 0; step < 10_000; step++) {
      now += 5_000_000;
      assertEquals(0, pace.read(now, 2 * 64, 2 * 64 * 60 + (step % 200 == 0 ? 1 << 20 : 0), 64));
    }
  }
}
