package org.sled.cli.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/**
 * YAML of which nothing but {@code key: value} lines is wanted. Values stay as they are written:
 * what they mean is up to the option that takes them. Read token by token, because only so every
 * mistake has a line.
 */
final class FlatYaml {
  private static final YAMLFactory FACTORY = new YAMLFactory();

  private final String name;
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  /**
   * What stands behind a key.
   *
   * @param value as written, without quotes
   * @param line from 1
   */
  record Entry(String value, int line) {}

  private FlatYaml(String name) {
    this.name = name;
  }

  /**
   * Reads a text.
   *
   * @param name of the file, for errors
   * @return the values in the order of the file; none if there is nothing but comments
   * @throws IllegalArgumentException what is wrong with it, and in which line
   */
  static Map<String, Entry> parse(String name, String text) {
    FlatYaml yaml = new FlatYaml(name);
    try (YAMLParser parser = FACTORY.createParser(text)) {
      yaml.read(parser);
    } catch (JsonProcessingException e) {
      throw yaml.invalid(e);
    } catch (IOException e) {
      throw new IllegalArgumentException(name + " is no YAML: " + e.getMessage(), e);
    }
    return yaml.entries;
  }

  private void read(YAMLParser parser) throws IOException {
    JsonToken first = parser.nextToken();
    if (first == null || first == JsonToken.VALUE_NULL) {
      return;
    }
    if (first != JsonToken.START_OBJECT) {
      throw mistake(
          line(parser),
          "this is no 'key: value' (mind the space behind the colon); write lines such as"
              + " 'sessions: 16'");
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      int line = line(parser);
      Entry before = entries.get(key);
      if (before != null) {
        throw mistake(
            line, "'" + key + "' is set again, after line " + before.line() + "; keep one of them");
      }
      entries.put(key, new Entry(value(key, line, parser), line));
    }
    if (parser.nextToken() != null) {
      throw mistake(line(parser), "a second document begins; a configuration is a single one");
    }
  }

  private String value(String key, int line, YAMLParser parser) throws IOException {
    JsonToken token = parser.nextToken();
    if (token == JsonToken.START_OBJECT) {
      throw mistake(
          line, "'" + key + "' holds further keys; write one value: every option is on one level");
    }
    if (token == JsonToken.START_ARRAY) {
      throw mistake(line, "'" + key + "' holds a list; write one value");
    }
    if (parser.isCurrentAlias()) {
      throw mistake(line, "'" + key + "' refers to an anchor; write the value itself");
    }
    if (token == JsonToken.VALUE_NULL || parser.getText().isBlank()) {
      throw mistake(
          line, "'" + key + "' has no value; write one, or remove the line to get the default");
    }
    return parser.getText();
  }

  private static int line(YAMLParser parser) {
    return parser.currentTokenLocation().getLineNr();
  }

  private IllegalArgumentException mistake(int line, String what) {
    return new IllegalArgumentException(name + ":" + line + ": " + what);
  }

  /** SnakeYAML says it in half a dozen lines, with an excerpt; one is enough. */
  private IllegalArgumentException invalid(JsonProcessingException e) {
    String what = e.getOriginalMessage().lines().findFirst().orElse("");
    int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
    if (e.getCause() instanceof MarkedYAMLException marked && marked.getProblem() != null) {
      what = marked.getProblem();
      if (marked.getProblemMark() != null) {
        line = marked.getProblemMark().getLine() + 1;
      }
    }
    return mistake(Math.max(line, 1), "this is no YAML: " + what.strip());
  }
}
