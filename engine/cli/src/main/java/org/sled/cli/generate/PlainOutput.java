package org.sled.cli.generate;

import java.io.PrintStream;
import java.util.List;
import org.sled.cli.command.ResultStream;
import org.sled.device.StreamEvent;
import org.sled.device.StreamEvent.Resumed;
import org.sled.device.StreamEvent.Revision;
import org.sled.device.StreamEvent.Unverified;
import org.sled.device.StreamEvent.Verified;
import org.sled.device.StreamEvent.Waiting;
import org.sled.jni.Model;
import org.sled.net.protocol.TokenIds;

/**
 * The verified text as it comes, where nothing has to be taken back; what else happens, and the
 * unverified text, beside it for people.
 */
final class PlainOutput implements ServedOutput {
  private final TextOutput verified;
  private final UnverifiedText unverified;
  private final PrintStream err;
  private final WaitingLines waiting;
  private boolean revised; // what was shown last

  /**
   * Creates it.
   *
   * @param out gets the verified text; null to only keep it
   * @param err gets the rest
   */
  PlainOutput(Model tokenizer, List<String> stopStrings, ResultStream out, PrintStream err) {
    verified = new TextOutput(tokenizer, stopStrings, out);
    unverified = new UnverifiedText(tokenizer, stopStrings);
    this.err = err;
    waiting = new WaitingLines(err, System::nanoTime);
  }

  @Override
  public void on(StreamEvent event) {
    if (event instanceof Verified news) {
      boolean shown = unverified.isShown();
      TokenIds tokens = news.tokens();
      for (int i = 0; i < tokens.count(); i++) {
        verified.add(tokens.id(i));
      }
      unverified.verifiedUpTo(verified.tokens().size());
      if (shown && !unverified.isShown() && !revised) {
        err.println("[all of it is verified]");
      }
    } else if (event instanceof Unverified news) {
      if (!unverified.isShown()) {
        err.println();
        err.print("[no server; unverified:] ");
        revised = false;
      }
      err.print(unverified.feed(verified.tokens(), news.tokens()));
      err.flush();
    } else if (event instanceof Revision revision) {
      unverified.reviseFrom(revision.position());
      revised = true;
      err.println();
      err.println("[" + revisedWords(revision.position()) + "]");
    } else if (event instanceof Waiting news) {
      waiting.on(news);
    } else if (event instanceof Resumed news) {
      err.println();
      err.println("[goes on at " + news.server().address() + "]");
    }
  }

  private String revisedWords(int position) {
    int right = position - verified.tokens().size();
    return right == 0
        ? "none of it stands; revised:"
        : "its first " + right + (right == 1 ? " token stands" : " tokens stand") + "; revised:";
  }

  @Override
  public void end() {
    verified.end();
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
