package org.sled.device.text;

import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.sled.device.Generation;
import org.sled.device.GenerationRequest;
import org.sled.jni.Detokenizer;
import org.sled.jni.Model;

/**
 * Token ids to the text to show, as they come: characters that several tokens share wait until they
 * are whole, and what might be the beginning of a stop string waits until that is decided. One
 * thread at a time.
 *
 * <p>{@link Generation#text} does this for a generation; use a decoder where the tokens come some
 * other way.
 */
public final class TextDecoder {
  private final IntFunction<String> detokenizer;
  private final Supplier<String> rest; // of an unfinished character
  private final TextCutter cutter;

  /**
   * A text of which nothing came yet.
   *
   * @param tokenizer a model with the tokens' vocabulary
   * @param stopStrings the text ends before the first of them; as in {@link GenerationRequest}
   * @throws IllegalArgumentException if the stop strings are none
   */
  public TextDecoder(Model tokenizer, List<String> stopStrings) {
    this(new Detokenizer(tokenizer), stopStrings);
  }

  private TextDecoder(Detokenizer detokenizer, List<String> stopStrings) {
    this(detokenizer::feed, detokenizer::flush, stopStrings);
  }

  /** Any way back to text. */
  public TextDecoder(
      IntFunction<String> detokenizer, Supplier<String> rest, List<String> stopStrings) {
    this.detokenizer = detokenizer;
    this.rest = rest;
    cutter = new TextCutter(stopStrings);
  }

  /** Takes the next token; what is now certain to be the next piece of the text, often empty. */
  public String feed(int token) {
    return cutter.feed(detokenizer.apply(token));
  }

  /** The end of the tokens: what was held back. */
  public String flush() {
    return cutter.feed(rest.get()) + cutter.flush();
  }
}
