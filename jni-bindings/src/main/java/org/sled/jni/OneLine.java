package org.sled.jni;

/**
 * Text that a file, a template or llama.cpp brought, before it gets into a message or a log: one
 * line that cannot move a terminal's cursor.
 */
final class OneLine {
  private OneLine() {}

  /** The text with what is no visible character as an escape. */
  static String of(String text) {
    if (text.codePoints().allMatch(OneLine::isVisible)) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(
            character -> {
              if (isVisible(character)) {
                out.appendCodePoint(character);
              } else {
                out.append("\\u{").append(Integer.toHexString(character)).append('}');
              }
            });
    return out.toString();
  }

  private static boolean isVisible(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
