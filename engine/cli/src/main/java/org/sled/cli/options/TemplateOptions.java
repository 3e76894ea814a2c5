package org.sled.cli.options;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.jni.ChatOptions;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What the chat template is given beside the messages. */
public final class TemplateOptions {
  @Option(
      names = "--template-args",
      paramLabel = "JSON",
      defaultValue = "",
      description =
          "Variables for the chat template, such as '{\"enable_thinking\": false}'. Thinking is"
              + " enabled where nothing is said.")
  private String arguments;

  @Option(
      names = "--template-time",
      paramLabel = "TIME",
      converter = TimeConverter.class,
      description =
          "The date and time that the chat template sees, as 2026-02-03 or 2026-02-03T04:05:06;"
              + " now if not said. Where the prompt depends on it, it is reported with the seed.")
  private LocalDateTime time;

  static final class TimeConverter implements ITypeConverter<LocalDateTime> {
    @Override
    public LocalDateTime convert(String value) {
      try {
        return value.contains("T")
            ? LocalDateTime.parse(value)
            : LocalDate.parse(value).atStartOfDay();
      } catch (DateTimeParseException e) {
        throw new TypeConversionException(
            "'" + value + "' is no date and time such as 2026-02-03 or 2026-02-03T04:05:06");
      }
    }
  }

  /** Whether one of them was given. */
  boolean areGiven() {
    return !arguments.isEmpty() || time != null;
  }

  /**
   * Checks the arguments.
   *
   * @throws CommandFailure if they are no JSON object
   */
  void check() {
    try {
      // Made here and not with the class: every start of `sled` makes all options, and Jackson
      // takes 0.15 s.
      if (!arguments.isEmpty()
          && !new ObjectMapper()
              .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
              .readTree(arguments)
              .isObject()) {
        throw new CommandFailure(
            ExitCodes.USAGE, "--template-args is no JSON object: write {\"name\": value, ...}");
      }
    } catch (JsonProcessingException e) {
      throw new CommandFailure(
          ExitCodes.USAGE, "--template-args is no JSON: " + e.getOriginalMessage());
    }
  }

  /** The target's template with them. */
  ChatOptions added(ChatOptions target) {
    return target.withArguments(arguments).withTime(time);
  }

  /** A time as --template-time takes it; null for none. */
  public static String written(LocalDateTime time) {
    return time == null
        ? null
        : DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(time.truncatedTo(ChronoUnit.SECONDS));
  }
}
