package org.sled.net.limit;

/**
 * Text from outside (a peer, a file, a template) on its way into a log or onto a terminal: it stays
 * one line, cannot move the cursor or colour anything, and is not mistaken for our own words. Any
 * thread may use it.
 */
public final class Quoted {
  /** Characters of a quoted text at most; the rest is replaced by "…". */
  public static final int MOST_CHARS = 200;

  private Quoted() {}

  /** The text in quotation marks, cut, with what is no visible character as an escape. */
  public static String of(String text) {
    StringBuilder out = new StringBuilder(Math.min(text.length(), MOST_CHARS) + 2).append('"');
    append(out, text, MOST_CHARS, true);
    return out.append('"').toString();
  }

  /**
   * The text as one line without quotation marks and uncut, with what is no visible character as an
   * escape; for text of bounded length that is a message of its own.
   */
  public static String line(String text) {
    if (text.codePoints().allMatch(Quoted::isHarmless)) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length() + 16);
    append(out, text, Integer.MAX_VALUE, false);
    return out.toString();
  }

  private static void append(StringBuilder out, String text, int most, boolean quotes) {
    for (int i = 0; i < text.length(); ) {
      if (i >= most) {
        out.append('…');
        return;
      }
      int character = text.codePointAt(i);
      i += Character.charCount(character);
      if (quotes && character == '"') {
        out.append("\\\"");
      } else if (isHarmless(character)) {
        out.appendCodePoint(character);
      } else if (character == '\n') {
        out.append("\\n");
      } else {
        out.append("\\u{").append(Integer.toHexString(character)).append('}');
      }
    }
  }

  /** Letters, marks, digits, punctuation, symbols and the plain space. */
  private static boolean isHarmless(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT, // among them what turns the writing direction
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
