package org.sled.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.TooLongFrameException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SseParserTest {
  private static List<String> parse(byte[] bytes, List<Integer> splits) {
    SseParser parser = new SseParser();
    List<String> events = new ArrayList<>();
    ByteBuf all = Unpooled.wrappedBuffer(bytes);
    for (int split : splits) {
      parser.feed(all.readSlice(Math.min(split, all.readableBytes())), events::add);
    }
    parser.feed(all, events::add);
    return events;
  }

  private static List<String> parse(String text) {
    return parse(text.getBytes(StandardCharsets.UTF_8), List.of());
  }

  @Property(tries = 300)
  void splitsAnywhereGiveTheSameEvents(
      @ForAll @Size(max = 60) List<@IntRange(min = 0, max = 9) Integer> splits) {
    String text =
        ": ping\r\n\r\ndata: {\"a\":\"ä€😀\"}\n\ndata:b\r\rid: 7\ndata: c\ndata: d\r\n\r\n";
    assertEquals(
        List.of("{\"a\":\"ä€😀\"}", "b", "c\nd"),
        parse(text.getBytes(StandardCharsets.UTF_8), splits));
  }

  @Test
  void commentsAndOtherFieldsAreNoEvents() {
    assertEquals(List.of(), parse(":\n\nevent: x\nretry: 3\n\ndatabase: y\n\ndat\n\n"));
  }

  @Test
  void emptyDataIsAnEvent() {
    assertEquals(List.of("", "\n"), parse("data\n\ndata:\ndata:\n\n"));
  }

  @Test
  void onlyOneBlankIsTaken() {
    assertEquals(List.of(" x "), parse("data:  x \n\n"));
  }

  @Test
  void unfinishedEventIsNone() {
    assertEquals(List.of("a"), parse("data: a\n\ndata: b\n"));
  }

  @Test
  void endlessEventIsRefused() {
    SseParser parser = new SseParser();
    byte[] part = new byte[SseParser.MAX_EVENT_BYTES];
    assertThrows(
        TooLongFrameException.class,
        () -> {
          parser.feed(Unpooled.wrappedBuffer(part), event -> {});
          parser.feed(Unpooled.wrappedBuffer(part), event -> {});
        });
  }
}
