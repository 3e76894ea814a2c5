package org.sled.bench.peers;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.sled.bench.load.BenchDeviceException;
import org.sled.device.GenerationListener;

/**
 * One request on its way: the connection's event loop tells it what comes, and the thread that runs
 * the request waits for its end. After the end, and after {@link #abandon}, the listener hears
 * nothing.
 */
final class CompletionExchange {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final GenerationListener listener;
  private final CompletableFuture<Void> end = new CompletableFuture<>();

  /** Tokens that the listener was told of. */
  private int tokenCount;

  private boolean stopped;

  private long draftTokens;
  private long acceptedTokens;

  /** What the server said about an error in its stream; it ends the stream after that. */
  private String refusal;

  private volatile boolean answered;

  CompletionExchange(GenerationListener listener) {
    this.listener = listener;
  }

  /** The first bytes of the answer are here. */
  void answered() {
    answered = true;
  }

  /** Whether anything of the answer came; if not, the request may be sent again. */
  boolean isAnswered() {
    return answered;
  }

  /**
   * An event came.
   *
   * @param nanos when
   * @throws BenchDeviceException if it cannot be used, and so the connection neither
   */
  synchronized void event(long nanos, String data) {
    if (end.isDone()) {
      return;
    }
    try {
      JsonNode event = JSON.readTree(data);
      if (event.has("error")) {
        refusal = refusal(event);
        return;
      }
      tokens(nanos, event);
      stopped |= event.path("stop").asBoolean();
      if (stopped) {
        JsonNode timings = event.path("timings");
        draftTokens = timings.path("draft_n").asLong();
        acceptedTokens = timings.path("draft_n_accepted").asLong();
      }
    } catch (JsonProcessingException e) {
      throw new BenchDeviceException("llama-server sent an event that is no JSON: " + data, e);
    } catch (RuntimeException e) {
      throw new BenchDeviceException("the load's listener failed: " + e, e);
    }
  }

  /**
   * The tokens of an event. Characters of several tokens come with the last one, and the server
   * does not say which the others were; but it counts them, and so do we.
   */
  private void tokens(long nanos, JsonNode event) {
    JsonNode ids = event.path("tokens");
    int count = Math.max(ids.size(), event.path("tokens_predicted").asInt() - tokenCount);
    if (count == 0) {
      return;
    }
    int[] tokens = new int[count];
    Arrays.fill(tokens, LlamaServerDevice.UNKNOWN_TOKEN);
    for (int i = 0; i < ids.size(); i++) {
      tokens[count - ids.size() + i] = ids.get(i).asInt();
    }
    tokenCount += count;
    listener.tokens(nanos, tokens);
  }

  /** What the server says about an error, whole or as an event. */
  static String refusal(JsonNode body) {
    JsonNode message = body.path("error").path("message");
    String text = message.isTextual() ? message.asText() : body.toString();
    return "llama-server refused the request: " + text + "; check its context size and the prompt";
  }

  /** The answer is complete. */
  synchronized void finish() {
    if (refusal != null) {
      fail(new BenchDeviceException(refusal, null));
    } else if (stopped) {
      end.complete(null);
    } else {
      fail(
          new BenchDeviceException(
              "llama-server ended the stream before the request was done; its log says why", null));
    }
  }

  /** The request failed; later calls change nothing. */
  synchronized void fail(BenchDeviceException failure) {
    end.completeExceptionally(failure);
  }

  /** Tokens that the server drafted for this request; after its end. */
  synchronized long draftTokens() {
    return draftTokens;
  }

  /** How many of them stand in the answer; after its end. */
  synchronized long acceptedTokens() {
    return acceptedTokens;
  }

  /** Nobody waits for it any more. */
  synchronized void abandon() {
    end.cancel(false);
  }

  /**
   * Waits for the end.
   *
   * @throws BenchDeviceException if it failed
   */
  void await() throws InterruptedException {
    try {
      end.get();
    } catch (ExecutionException e) {
      String message = e.getCause().getMessage();
      throw new BenchDeviceException(message, e.getCause());
    }
  }
}
