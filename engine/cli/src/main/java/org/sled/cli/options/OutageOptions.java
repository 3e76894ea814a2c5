package org.sled.cli.options;

import java.time.Duration;
import org.sled.device.Outage;
import picocli.CommandLine.Option;

/** What a text does while its server is gone. */
public final class OutageOptions {
  @Option(
      names = "--outage",
      paramLabel = "wait|local|fail",
      defaultValue = "wait",
      description = {
        "When the server is gone, wait: for it or another one, and go on where the text stood."
            + " local: the same, but meanwhile the draft model goes on alone; its text is"
            + " unverified, and stands on stderr (or in --events) until a server has looked at it."
            + " fail: end with an error. Default: ${DEFAULT-VALUE}."
      })
  private Outage outage;

  @Option(
      names = "--outage-timeout",
      paramLabel = "SECONDS",
      defaultValue = "300",
      converter = IntegerWithin.SomeSeconds.class,
      description = "How long to wait for a server at most. Default: ${DEFAULT-VALUE}.")
  private int timeoutSeconds;

  public Outage outage() {
    return outage;
  }

  public Duration timeout() {
    return Duration.ofSeconds(timeoutSeconds);
  }
}
