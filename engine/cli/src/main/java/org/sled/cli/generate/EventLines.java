package org.sled.cli.generate;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import java.util.stream.IntStream;
import org.sled.cli.command.Json;
import org.sled.cli.command.ResultStream;
import org.sled.device.StreamEvent;
import org.sled.device.StreamEvent.ConnectionLost;
import org.sled.device.StreamEvent.Resumed;
import org.sled.device.StreamEvent.Revision;
import org.sled.device.StreamEvent.Unverified;
import org.sled.device.StreamEvent.Verified;
import org.sled.device.StreamEvent.Waiting;
import org.sled.jni.Model;
import org.sled.net.protocol.TokenIds;

/** Each event as a line of JSON, as it comes. */
final class EventLines implements ServedOutput {
  private final TextOutput verified;
  private final UnverifiedText unverified;
  private final ResultStream out;

  /**
   * One event. What does not belong to its kind is left out.
   *
   * @param event "verified", "unverified", "revision", "waiting", "connection_lost" or "resumed"
   * @param position of the first token that it is about, behind the prompt; of the next one where
   *     there is none
   * @param text that the tokens complete; a last event without tokens has what was held back
   * @param tokenIds the tokens
   * @param reason why the connection was lost
   * @param server where the text goes on
   * @param numericsId of that server
   * @param sameNumerics whether it is that of the one before
   * @param place in the line of a full server, 1 for who is next; 0: not known
   * @param estimateMs until there is room; 0: not known
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Line(
      String event,
      Integer position,
      String text,
      List<Integer> tokenIds,
      String reason,
      String server,
      String numericsId,
      Boolean sameNumerics,
      Integer place,
      Long estimateMs) {

    static Line ofTokens(String event, int position, String text, TokenIds tokens) {
      List<Integer> ids = IntStream.of(tokens.toArray()).boxed().toList();
      return new Line(event, position, text, ids, null, null, null, null, null, null);
    }
  }

  EventLines(Model tokenizer, List<String> stopStrings, ResultStream out) {
    verified = new TextOutput(tokenizer, stopStrings, null);
    unverified = new UnverifiedText(tokenizer, stopStrings);
    this.out = out;
  }

  @Override
  public void on(StreamEvent event) {
    if (event instanceof Verified news) {
      int before = verified.text().length();
      for (int i = 0; i < news.tokens().count(); i++) {
        verified.add(news.tokens().id(i));
      }
      String text = verified.text().substring(before);
      unverified.verifiedUpTo(verified.tokens().size());
      print(Line.ofTokens("verified", news.position(), text, news.tokens()));
    } else if (event instanceof Unverified news) {
      String text = unverified.feed(verified.tokens(), news.tokens());
      print(Line.ofTokens("unverified", news.position(), text, news.tokens()));
    } else if (event instanceof Revision revision) {
      unverified.reviseFrom(revision.position());
      print(
          new Line(
              "revision", revision.position(), null, null, null, null, null, null, null, null));
    } else if (event instanceof Waiting news) {
      print(
          new Line(
              "waiting",
              null,
              null,
              null,
              null,
              null,
              null,
              null,
              news.place(),
              news.estimateMillis()));
    } else if (event instanceof ConnectionLost lost) {
      print(
          new Line(
              "connection_lost", null, null, null, lost.reason(), null, null, null, null, null));
    } else if (event instanceof Resumed news) {
      print(
          new Line(
              "resumed",
              null,
              null,
              null,
              null,
              news.server().address(),
              String.format("%016x", news.server().numericsId()),
              news.sameNumerics(),
              null,
              null));
    }
  }

  private void print(Line line) {
    out.println(Json.line(line));
    out.check();
  }

  @Override
  public void end() {
    int before = verified.text().length();
    verified.end();
    String heldBack = verified.text().substring(before);
    if (!heldBack.isEmpty()) {
      // What might have become a stop string, or a whole character, belongs to the text after all.
      print(Line.ofTokens("verified", verified.tokens().size(), heldBack, TokenIds.of(new int[0])));
    }
  }

  @Override
  public String text() {
    return verified.text();
  }

  @Override
  public List<Integer> tokens() {
    return verified.tokens();
  }
}
