package org.sled.cli.options;

import java.time.Duration;
import org.sled.cli.command.CommandFailure;
import org.sled.cli.command.ExitCodes;
import org.sled.device.Busy;
import picocli.CommandLine.Option;

/** What a text does while no server has room for it. */
public final class BusyOptions {
  @Option(
      names = "--busy",
      paramLabel = "wait|fail",
      defaultValue = "wait",
      description = {
        "When the server has no room, and no other one that was named has any, wait: until it is"
            + " this text's turn. fail: end with an error that says when to try again. Default:"
            + " ${DEFAULT-VALUE}."
      })
  private Busy busy;

  @Option(
      names = "--busy-timeout",
      paramLabel = "SECONDS",
      defaultValue = "300",
      description = "How long to wait for room at most. Default: ${DEFAULT-VALUE}.")
  private int timeoutSeconds;

  public Busy busy() {
    return busy;
  }

  public Duration timeout() {
    if (timeoutSeconds < 1) {
      throw new CommandFailure(ExitCodes.USAGE, "--busy-timeout is 1 second or more");
    }
    return Duration.ofSeconds(timeoutSeconds);
  }
}
