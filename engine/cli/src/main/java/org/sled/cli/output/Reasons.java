package org.sled.cli.output;

import org.sled.jni.SledException;

/** The library's reasons, for lists in which it is clear what was tried. */
public final class Reasons {
  private Reasons() {}

  /** A failure's text without its beginning, which says what could not be done. */
  public static String of(SledException failure) {
    String text = failure.getMessage();
    int colon = text.indexOf(": ");
    return colon < 0 ? text : text.substring(colon + 2);
  }
}
