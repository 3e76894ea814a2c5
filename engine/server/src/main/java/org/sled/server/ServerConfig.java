package org.sled.server;

import java.nio.file.Path;
import org.sled.jni.EngineParams;
import org.sled.jni.ModelParams;

/**
 * How a daemon is set up; {@link Builder#conclude} checks the relations once, before anything
 * starts.
 *
 * @param modelPath the target, a GGUF file
 * @param modelParams how its weights are loaded
 * @param engineParams sessions, context, threads, K/V types
 * @param host address to listen on
 * @param port TCP port, 0 for any free one
 * @param maxDraftTokens drafts in one block at most
 * @param serverName for clients' logs
 * @param pingIntervalMillis silence after which a connection is pinged; three times as long, and it
 *     is closed
 */
public record ServerConfig(
    Path modelPath,
    ModelParams modelParams,
    EngineParams engineParams,
    String host,
    int port,
    int maxDraftTokens,
    String serverName,
    int pingIntervalMillis) {

  /**
   * The longest block that can be verified: 63 rows of a sequence in a step are exact, one of them
   * is the parent.
   */
  public static final int MAX_DRAFT_TOKENS = 62;

  /** The default port. */
  public static final int DEFAULT_PORT = 7411;

  /** A daemon for this target, with everything else at its default. */
  public static Builder of(Path modelPath) {
    return new Builder(modelPath);
  }

  /** Collects values; not thread-safe. */
  public static final class Builder {
    private final Path modelPath;
    private ModelParams modelParams = ModelParams.DEFAULT;
    private EngineParams engineParams = EngineParams.DEFAULT;
    private String host = "127.0.0.1";
    private int port = DEFAULT_PORT;
    private int maxDraftTokens = MAX_DRAFT_TOKENS;
    private String serverName = "sled";
    private int pingIntervalMillis = 10_000;

    private Builder(Path modelPath) {
      this.modelPath = modelPath;
    }

    /** How the weights are loaded. */
    public Builder modelParams(ModelParams value) {
      modelParams = value;
      return this;
    }

    /** Sessions, context, threads, K/V types. */
    public Builder engineParams(EngineParams value) {
      engineParams = value;
      return this;
    }

    /** Where to listen; port 0 takes any free one. */
    public Builder listen(String newHost, int newPort) {
      host = newHost;
      port = newPort;
      return this;
    }

    /** Drafts in one block at most, 1 to {@link #MAX_DRAFT_TOKENS}. */
    public Builder maxDraftTokens(int value) {
      maxDraftTokens = value;
      return this;
    }

    /** The name that clients see. */
    public Builder serverName(String value) {
      serverName = value;
      return this;
    }

    /** Silence after which a connection is pinged, ms. */
    public Builder pingIntervalMillis(int value) {
      pingIntervalMillis = value;
      return this;
    }

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException which value is wrong, and what would be right
     */
    public ServerConfig conclude() {
      if (port < 0 || port > 65_535) {
        throw new IllegalArgumentException("port " + port + " is not within 0 to 65535");
      }
      if (maxDraftTokens < 1 || maxDraftTokens > MAX_DRAFT_TOKENS) {
        throw new IllegalArgumentException(
            "blocks of "
                + maxDraftTokens
                + " drafts are not possible, only of 1 to "
                + MAX_DRAFT_TOKENS);
      }
      if (pingIntervalMillis < 1) {
        throw new IllegalArgumentException(
            "ping interval " + pingIntervalMillis + " ms is below 1");
      }
      return new ServerConfig(
          modelPath,
          modelParams,
          engineParams,
          host,
          port,
          maxDraftTokens,
          serverName,
          pingIntervalMillis);
    }
  }
}
