package org.sled.cli.options;

import java.math.BigInteger;
import org.sled.device.draft.Drafting;
import org.sled.jni.VerifyEngine;
import org.sled.server.ServerConfig;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads a number and refuses what is out of range. So a mistake is found with the option's name,
 * and in a configuration file with its line, before a model is loaded.
 */
public abstract class IntegerWithin implements ITypeConverter<Integer> {
  private final int least;
  private final int most;

  private IntegerWithin(int least, int most) {
    this.least = least;
    this.most = most;
  }

  @Override
  public Integer convert(String value) {
    BigInteger number;
    try {
      number = new BigInteger(value);
    } catch (NumberFormatException e) {
      throw new TypeConversionException("'" + value + "' is no whole number; write it in digits");
    }
    if (number.compareTo(BigInteger.valueOf(least)) < 0
        || number.compareTo(BigInteger.valueOf(most)) > 0) {
      throw new TypeConversionException(
          most == Integer.MAX_VALUE && number.signum() <= 0
              ? number + " is below " + least
              : number + " is not within " + least + " to " + most);
    }
    return number.intValueExact();
  }

  /** Sessions of a server, resident or not. */
  public static final class OpenSessions extends IntegerWithin {
    OpenSessions() {
      super(1, ServerConfig.MAX_SESSIONS);
    }
  }

  /** Sessions that wait for room. */
  public static final class WaitingSessions extends IntegerWithin {
    WaitingSessions() {
      super(0, ServerConfig.MAX_WAITING);
    }
  }

  /** Sequences of the K/V cache; 0 for as many as are needed. */
  public static final class Sequences extends IntegerWithin {
    Sequences() {
      super(0, VerifyEngine.MAX_SEQUENCES);
    }
  }

  /** Devices of the demo. */
  public static final class DemoDevices extends IntegerWithin {
    DemoDevices() {
      super(1, 256);
    }
  }

  /** A count, at least one. */
  public static final class Count extends IntegerWithin {
    Count() {
      super(1, Integer.MAX_VALUE);
    }
  }

  /** Generations of a simulated cell. */
  public static final class Seeds extends IntegerWithin {
    Seeds() {
      super(1, 10_000);
    }
  }

  /** Blocks in flight. */
  static final class Window extends IntegerWithin {
    Window() {
      super(1, Drafting.MAX_WINDOW);
    }
  }

  /** Drafts in one block. */
  public static final class DraftTokens extends IntegerWithin {
    DraftTokens() {
      super(1, ServerConfig.MAX_DRAFT_TOKENS);
    }
  }

  /** Drafts in one block; 0: none. */
  static final class DraftTokensOrNone extends IntegerWithin {
    DraftTokensOrNone() {
      super(0, ServerConfig.MAX_DRAFT_TOKENS);
    }
  }

  /** A count for which 0 means "as the model or the machine suggests". */
  public static final class CountOrAuto extends IntegerWithin {
    CountOrAuto() {
      super(0, Integer.MAX_VALUE);
    }
  }

  /** A count for which -1 means "all". */
  public static final class CountOrAll extends IntegerWithin {
    CountOrAll() {
      super(-1, Integer.MAX_VALUE);
    }
  }

  /** Seconds, at least one. */
  public static final class SomeSeconds extends IntegerWithin {
    SomeSeconds() {
      super(1, 86_400);
    }
  }

  /** Seconds, up to a day: more is a mistake in the unit. */
  public static final class Seconds extends IntegerWithin {
    Seconds() {
      super(0, 86_400);
    }
  }
}
