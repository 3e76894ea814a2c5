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
  void keepsOrderAndIsBounded() {
    OutboundQueue queue = new OutboundQueue(3, overheadMicros -> {});
    assertEquals(4, queue.capacity());
    ByteBuf first = Unpooled.buffer();
    ByteBuf second = Unpooled.buffer();
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
    }
  }

  @Test
  void losesNothingBetweenThreads() throws InterruptedException {
    int perThread = 5_000;
    OutboundQueue queue = new OutboundQueue(64, overheadMicros -> {});
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
