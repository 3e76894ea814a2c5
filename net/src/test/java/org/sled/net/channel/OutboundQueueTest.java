package org.sled.net.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

final class OutboundQueueTest {
  @Test
  void keepsOrderAndIsBoundedInBytes() {
    OutboundQueue queue = new OutboundQueue(4 * (20 + 128), overheadMicros -> {});
    ByteBuf first = Unpooled.buffer().writeZero(20);
    ByteBuf second = Unpooled.buffer().writeZero(20);
    for (int turn = 0; turn < 10; turn++) {
      assertTrue(queue.offer(first, OutboundQueue.NO_STAMP));
      assertTrue(queue.offer(second, OutboundQueue.NO_STAMP));
      assertTrue(queue.offer(first, OutboundQueue.NO_STAMP));
      assertTrue(queue.offer(second, OutboundQueue.NO_STAMP));
      assertFalse(queue.offer(first, OutboundQueue.NO_STAMP));
      assertSame(first, queue.poll());
      assertSame(second, queue.poll());
      assertSame(first, queue.poll());
      assertSame(second, queue.poll());
      assertNull(queue.poll());
      assertEquals(0, queue.bytes());
    }
  }

  @Test
  void aBurstOfManyFramesFitsWhereTheirBytesDo() {
    OutboundQueue queue = new OutboundQueue(1024 * 1024, overheadMicros -> {});
    ByteBuf[] frames = new ByteBuf[5_000];
    for (int turn = 0; turn < 2; turn++) {
      for (int i = 0; i < frames.length; i++) {
        frames[i] = Unpooled.buffer().writeIntLE(i);
        assertTrue(queue.offer(frames[i], OutboundQueue.NO_STAMP));
        if (i % 3 == 2) {
          assertSame(frames[i / 3], queue.poll());
        }
      }
      for (int i = frames.length / 3; i < frames.length; i++) {
        assertSame(frames[i], queue.poll());
      }
      assertNull(queue.poll());
    }
  }

  @Test
  void aFirstFrameAlwaysFits() {
    OutboundQueue queue = new OutboundQueue(10, overheadMicros -> {});
    assertTrue(queue.offer(Unpooled.buffer().writeZero(1000), OutboundQueue.NO_STAMP));
    assertFalse(queue.offer(Unpooled.buffer(), OutboundQueue.NO_STAMP));
    queue.setLimitBytes(10_000);
    assertTrue(queue.offer(Unpooled.buffer(), OutboundQueue.NO_STAMP));
  }

  @Test
  void losesNothingBetweenThreads() throws InterruptedException {
    int perThread = 5_000;
    OutboundQueue queue = new OutboundQueue(64 * 132, overheadMicros -> {});
    List<Thread> senders = new ArrayList<>();
    for (int number = 0; number < 3; number++) {
      ByteBuf frame = Unpooled.buffer().writeIntLE(number);
      Thread sender =
          new Thread(
              () -> {
                for (int i = 0; i < perThread; i++) {
                  while (!queue.offer(frame, OutboundQueue.NO_STAMP)) {
                    LockSupport.parkNanos(1_000);
                  }
                }
              });
      sender.start();
      senders.add(sender);
    }
    int[] counts = new int[3];
    for (int received = 0; received < 3 * perThread; ) {
      ByteBuf frame = queue.poll();
      if (frame == null) {
        LockSupport.parkNanos(1_000);
      } else {
        counts[frame.getIntLE(0)]++;
        received++;
      }
    }
    for (Thread sender : senders) {
      sender.join();
    }
    for (int count : counts) {
      assertEquals(perThread, count);
    }
    assertNull(queue.poll());
  }
}
