package org.sled.cli.generate;

import java.util.ArrayList;
import java.util.List;
import org.sled.device.text.TextDecoder;
import org.sled.jni.Model;
import org.sled.net.protocol.TokenIds;

/** What the draft model says alone, behind the verified text, as far as it stands. One thread. */
final class UnverifiedText {
  private final Model tokenizer;
  private final List<String> stopStrings;
  private final List<Integer> tokens = new ArrayList<>();
  private int first; // position of the first of them
  private TextDecoder decoder; // null: it would have to be fed with all of the text

  UnverifiedText(Model tokenizer, List<String> stopStrings) {
    this.tokenizer = tokenizer;
    this.stopStrings = stopStrings;
  }

  /** Whether there is some. */
  boolean isShown() {
    return !tokens.isEmpty();
  }

  /** The text of further unverified tokens. */
  String feed(List<Integer> verified, TokenIds news) {
    if (tokens.isEmpty()) {
      first = verified.size();
    }
    if (decoder == null) {
      // A character may have begun in the text before.
      decoder = new TextDecoder(tokenizer, stopStrings);
      verified.forEach(decoder::feed);
      tokens.forEach(decoder::feed);
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < news.count(); i++) {
      tokens.add(news.id(i));
      text.append(decoder.feed(news.id(i)));
    }
    return text.toString();
  }

  /** Tokens before this position are verified. */
  void verifiedUpTo(int position) {
    int known = Math.max(0, Math.min(tokens.size(), position - first));
    tokens.subList(0, known).clear();
    first = position;
    decoder = tokens.isEmpty() ? null : decoder;
  }

  /** Tokens from this position on are withdrawn. */
  void reviseFrom(int position) {
    tokens.subList(position - first, tokens.size()).clear();
    decoder = null;
  }
}
