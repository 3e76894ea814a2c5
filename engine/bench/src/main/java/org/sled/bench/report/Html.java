package org.sled.bench.report;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Writes markup that is both HTML and well-formed XML: every element that is opened is closed, and
 * text and attributes are escaped wherever they come from. One thread.
 */
final class Html {
  private final StringBuilder out = new StringBuilder();
  private final Deque<String> open = new ArrayDeque<>();

  /**
   * Opens an element.
   *
   * @param attributes names and values in turn; one whose value is null is left out
   */
  Html open(String tag, String... attributes) {
    begin(tag, attributes);
    out.append('>');
    open.push(tag);
    return this;
  }

  /** Closes the element that was opened last. */
  Html close() {
    closeInLine();
    out.append('\n');
    return this;
  }

  /** Closes the newest element without a line break, where one would be seen. */
  Html closeInLine() {
    out.append("</").append(open.pop()).append('>');
    return this;
  }

  /** An element without content: one that HTML knows as such, or one of SVG. */
  Html leaf(String tag, String... attributes) {
    begin(tag, attributes);
    out.append("/>\n");
    return this;
  }

  /** An element that holds nothing but text. */
  Html element(String tag, String text, String... attributes) {
    return open(tag, attributes).text(text).close();
  }

  /** Text. */
  Html text(String text) {
    out.append(escape(text));
    return this;
  }

  /** A style sheet of ours; browsers read none of the escapes in it, so that it may need none. */
  Html style(String css) {
    if (css.indexOf('<') >= 0 || css.indexOf('&') >= 0) {
      throw new IllegalArgumentException("a style sheet with characters that would need escapes");
    }
    open("style");
    out.append(css);
    return close();
  }

  /** The whole markup, when everything is closed. */
  String finish() {
    if (!open.isEmpty()) {
      throw new IllegalStateException("not closed: " + open);
    }
    return out.toString();
  }

  private void begin(String tag, String... attributes) {
    if (attributes.length % 2 != 0) {
      throw new IllegalArgumentException("an attribute without a value: " + tag);
    }
    out.append('<').append(tag);
    for (int i = 0; i < attributes.length; i += 2) {
      if (attributes[i + 1] != null) {
        out.append(' ').append(attributes[i]).append("=\"");
        out.append(escape(attributes[i + 1])).append('"');
      }
    }
  }

  /**
   * Text as it may stand in markup. Characters that XML does not know, and halves of surrogate
   * pairs, which cannot be written as UTF-8, become U+FFFD.
   */
  static String escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length() + 16);
    text.codePoints().forEach(point -> appendEscaped(escaped, point));
    return escaped.toString();
  }

  private static void appendEscaped(StringBuilder escaped, int point) {
    switch (point) {
      case '<' -> escaped.append("&lt;");
      case '>' -> escaped.append("&gt;");
      case '&' -> escaped.append("&amp;");
      case '"' -> escaped.append("&quot;");
      case '\'' -> escaped.append("&#39;");
      default -> escaped.appendCodePoint(isText(point) ? point : 0xFFFD);
    }
  }

  private static boolean isText(int point) {
    if (point < 0x20) {
      return point == '\t' || point == '\n' || point == '\r';
    }
    boolean isControl = point >= 0x7F && point <= 0x9F;
    boolean isHalfOfPair = point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE;
    return !isControl && !isHalfOfPair && (point & 0xFFFE) != 0xFFFE;
  }
}
