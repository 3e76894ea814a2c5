package org.sled.cli.generate;

import java.util.ArrayList;
import java.util.List;
import org.sled.cli.command.ResultStream;
import org.sled.device.text.TextDecoder;
import org.sled.jni.Model;

/**
 * Tokens to text as they come, up to a stop string; shown at once if wanted, and kept for the
 * report. One thread.
 */
final class TextOutput {
  private final TextDecoder decoder;
  private final ResultStream stream; // null: only keep
  private final StringBuilder text = new StringBuilder();
  private final List<Integer> tokens = new ArrayList<>();

  TextOutput(Model tokenizer, List<String> stopStrings, ResultStream stream) {
    decoder = new TextDecoder(tokenizer, stopStrings);
    this.stream = stream;
  }

  void add(int token) {
    tokens.add(token);
    show(decoder.feed(token));
  }

  /** Ends the text, with a line break where it is shown. */
  void end() {
    show(decoder.flush());
    if (stream != null && (text.length() == 0 || text.charAt(text.length() - 1) != '\n')) {
      stream.println();
      stream.flush();
    }
  }

  private void show(String piece) {
    text.append(piece);
    if (stream != null && !piece.isEmpty()) {
      stream.print(piece);
      stream.check(); // after | head, say, what else comes would be for nobody
    }
  }

  String text() {
    return text.toString();
  }

  List<Integer> tokens() {
    return tokens;
  }
}
