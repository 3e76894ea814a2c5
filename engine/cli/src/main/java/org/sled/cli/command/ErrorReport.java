package org.sled.cli.command;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.Locale;
import org.sled.cli.hub.HubException;
import org.sled.device.BusyException;
import org.sled.device.ConnectionLostException;
import org.sled.device.RefusedException;
import org.sled.device.ServerFaultException;
import org.sled.device.TokenizerMismatchException;
import org.sled.device.UnreachableException;
import org.sled.jni.SledException;

/**
 * What {@code --json} and {@code --events} print as the last line of stdout where a command fails,
 * beside its sentence on stderr: {@code {"error": {"code": "unreachable", …}}}.
 *
 * @param error what went wrong
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record ErrorReport(Details error) {
  /**
   * What went wrong.
   *
   * @param code one of a few words that stay: "usage", "failed", "unreachable", "busy", "refused",
   *     "tokenizer_mismatch", "connection_lost", "server_fault", "context_full", "interrupted", or
   *     a status of the engine such as "engine_memory"
   * @param message for people; may change
   * @param exitCode of the process
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  record Details(String code, String message, int exitCode) {}

  public static final String USAGE = "usage";
  static final String FAILED = "failed";
  static final String INTERRUPTED = "interrupted";

  public static ErrorReport of(String code, String message, int exitCode) {
    return new ErrorReport(new Details(code, message, exitCode));
  }

  /** Of what ended a command. */
  public static ErrorReport of(Exception failure, String message, int exitCode) {
    return of(code(failure, exitCode), message, exitCode);
  }

  private static String code(Exception failure, int exitCode) {
    if (exitCode == ExitCodes.INTERRUPTED) {
      return INTERRUPTED;
    }
    if (failure instanceof CommandFailure known) {
      return known.code();
    }
    if (failure instanceof HubException hub) {
      return hub.isUsage() ? USAGE : FAILED;
    }
    if (failure instanceof SledException engine) {
      return "engine_" + engine.status().name().toLowerCase(Locale.ROOT);
    }
    if (failure instanceof UnreachableException) {
      return "unreachable";
    }
    if (failure instanceof BusyException) {
      return "busy";
    }
    if (failure instanceof TokenizerMismatchException) {
      return "tokenizer_mismatch";
    }
    if (failure instanceof RefusedException) {
      return "refused";
    }
    if (failure instanceof ConnectionLostException) {
      return "connection_lost";
    }
    return failure instanceof ServerFaultException ? "server_fault" : FAILED;
  }
}
