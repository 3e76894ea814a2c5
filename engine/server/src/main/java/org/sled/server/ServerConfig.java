package org.sled.server;

import java.nio.file.Path;
import java.time.Duration;
import org.sled.jni.EngineParams;
import org.sled.jni.ModelParams;

/**
 * How a daemon is set up; {@link Builder#conclude} checks the relations once, before anything
 * starts.
 *
 * @param modelPath the target, a GGUF file
 * @param modelParams how its weights are loaded
 * @param engineParams sessions, context, threads, K/V types
 * @param sessions at a time; more than the engine's sequences are served in turns
 * @param waiting sessions that may wait while all are taken
 * @param scheduling how they share the target
 * @param costDirectory where it is kept what steps cost, for the next start; null for nowhere
 * @param host address to listen on
 * @param port TCP port, 0 for any free one
 * @param maxDraftTokens drafts in one block at most
 * @param serverName for clients' logs
 * @param pingIntervalMillis silence after which a connection is pinged; three times as long, and it
 *     is closed
 * @param admin where metrics and health are shown, or null for nowhere
 * @param stepTimeout a step that takes longer is reported as stuck
 */
public record ServerConfig(
    Path modelPath,
    ModelParams modelParams,
    EngineParams engineParams,
    int sessions,
    int waiting,
    SchedulingConfig scheduling,
    Path costDirectory,
    String host,
    int port,
    int maxDraftTokens,
    String serverName,
    int pingIntervalMillis,
    Admin admin,
    Duration stepTimeout) {

  /**
   * The longest block that can be verified: 63 rows of a sequence in a step are exact, one of them
   * is the parent.
   */
  public static final int MAX_DRAFT_TOKENS = 62;

  /** Sessions at a time at most. */
  public static final int MAX_SESSIONS = 32_768;

  /** Sessions that may wait while all are taken, if nothing else is said. */
  public static final int DEFAULT_WAITING = 256;

  /** Sessions that may wait at most. */
  public static final int MAX_WAITING = 4_096;

  /** The default port. */
  public static final int DEFAULT_PORT = 7411;

  /** The default port of metrics and health. */
  public static final int DEFAULT_ADMIN_PORT = 7412;

  /** Steps take milliseconds on a GPU and seconds on a slow CPU. */
  public static final Duration DEFAULT_STEP_TIMEOUT = Duration.ofSeconds(60);

  /** An idle verifier's loop comes round ten times a second: that is no stuck step. */
  private static final Duration SHORTEST_STEP_TIMEOUT = Duration.ofMillis(200);

  /** Longer is for ever; as a count of ns it fits into a long. */
  private static final Duration LONGEST_STEP_TIMEOUT = Duration.ofDays(36_500);

  /**
   * Where metrics and health are shown.
   *
   * @param host address to listen on
   * @param port TCP port, 0 for any free one
   * @param required whether the daemon should not start without; else it warns and goes on
   */
  public record Admin(String host, int port, boolean required) {}

  /** Sessions at a time, with the default filled in. */
  int allSessions() {
    return Math.max(sessions, engineParams.sequenceCount());
  }

  /** The engine's parameters, with room for sessions that have ended but left K/V behind. */
  EngineParams allEngineParams() {
    return engineParams.withSessionCount(allSessions() + engineParams.sequenceCount());
  }

  /** A daemon for this target, with everything else at its default. */
  public static Builder of(Path modelPath) {
    return new Builder(modelPath);
  }

  /** Collects values; not thread-safe. */
  public static final class Builder {
    private final Path modelPath;
    private ModelParams modelParams = ModelParams.DEFAULT;
    private EngineParams engineParams = EngineParams.DEFAULT;
    private int sessions; // 0: as many as the engine has sequences
    private int waiting = DEFAULT_WAITING;
    private SchedulingConfig scheduling = SchedulingConfig.DEFAULT;
    private Path costDirectory;
    private String host = "127.0.0.1";
    private int port = DEFAULT_PORT;
    private int maxDraftTokens = MAX_DRAFT_TOKENS;
    private String serverName = "sled";
    private int pingIntervalMillis = 10_000;
    private Admin admin;
    private Duration stepTimeout = DEFAULT_STEP_TIMEOUT;

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

    /** Sessions at a time, at least the engine's sequences; 0 for as many. */
    public Builder sessions(int value) {
      sessions = value;
      return this;
    }

    /** Sessions that may wait while all are taken; 0: who finds no room has to come again. */
    public Builder waiting(int value) {
      waiting = value;
      return this;
    }

    /** How sessions share the target. */
    public Builder scheduling(SchedulingConfig value) {
      scheduling = value;
      return this;
    }

    /** Where it is kept what steps cost, for the next start; null, the default, for nowhere. */
    public Builder costDirectory(Path value) {
      costDirectory = value;
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

    /** Where metrics and health are shown; nowhere if this is not called. */
    public Builder admin(Admin value) {
      admin = value;
      return this;
    }

    /** A step that takes longer is reported as stuck. */
    public Builder stepTimeout(Duration value) {
      stepTimeout = value;
      return this;
    }

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException which value is wrong, and what would be right
     */
    public ServerConfig conclude() {
      requirePort(port);
      if (admin != null) {
        requirePort(admin.port());
        if (admin.required() && admin.port() != 0 && admin.port() == port) {
          throw new IllegalArgumentException(
              "port " + port + " is for devices already; metrics and health need another");
        }
      }
      if (maxDraftTokens < 1 || maxDraftTokens > MAX_DRAFT_TOKENS) {
        throw new IllegalArgumentException(
            "blocks of "
                + maxDraftTokens
                + " drafts are not possible, only of 1 to "
                + MAX_DRAFT_TOKENS);
      }
      if (sessions < 0 || sessions > MAX_SESSIONS) {
        throw new IllegalArgumentException(
            sessions + " sessions are not possible, only 1 to " + MAX_SESSIONS);
      }
      if (waiting < 0 || waiting > MAX_WAITING) {
        throw new IllegalArgumentException(
            "a waiting list of " + waiting + " is not possible, only of 0 to " + MAX_WAITING);
      }
      if (pingIntervalMillis < 1) {
        throw new IllegalArgumentException(
            "ping interval " + pingIntervalMillis + " ms is below 1");
      }
      if (stepTimeout.compareTo(SHORTEST_STEP_TIMEOUT) < 0) {
        throw new IllegalArgumentException(
            "a step timeout of " + stepTimeout.toMillis() + " ms is below 200 ms");
      }
      return new ServerConfig(
          modelPath,
          modelParams,
          engineParams,
          sessions,
          waiting,
          scheduling,
          costDirectory,
          host,
          port,
          maxDraftTokens,
          serverName,
          pingIntervalMillis,
          admin,
          stepTimeout.compareTo(LONGEST_STEP_TIMEOUT) > 0 ? LONGEST_STEP_TIMEOUT : stepTimeout);
    }

    private static void requirePort(int port) {
      if (port < 0 || port > 65_535) {
        throw new IllegalArgumentException("port " + port + " is not within 0 to 65535");
      }
    }
  }
}
