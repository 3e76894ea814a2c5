package org.sled.cli.texts;

import java.util.List;

/** What the devices of the demo ask for: all within what the demo pair has learned. */
public final class DemoPrompts {
  private static final List<String> PROMPTS =
      List.of(
          "Tell me a story about a fox and a lantern.",
          "Write a story about a princess who finds a map.",
          "Tell me a short story about a bear in a garden.",
          "Write a tale about a robot and a violin.",
          "Please tell me a story about an owl named Rufus.",
          "Could you write a story about a wizard and a bell, please?",
          "Tell me a long story about a rabbit and a boat.",
          "I would like to hear a story about a penguin.",
          "Write a story about a hedgehog with a kite in it.",
          "Tell me a story about a pirate by the sea.",
          "Write a short story about a mouse and a piece of cheese.",
          "Tell me a story about a knight who lost a key.",
          "Can you tell me a story about a dragon in a village?",
          "Tell me a story about a girl and a compass.",
          "Write a tale about a turtle on an island.",
          "Tell me a story about a baker and a goose.");

  private DemoPrompts() {}

  public static int count() {
    return PROMPTS.size();
  }

  /** The prompt of a number; they repeat. */
  public static String get(int number) {
    return PROMPTS.get(Math.floorMod(number, PROMPTS.size()));
  }
}
