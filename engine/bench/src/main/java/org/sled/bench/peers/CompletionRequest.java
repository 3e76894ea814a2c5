package org.sled.bench.peers;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import org.sled.bench.load.BenchRequest;
import org.sled.net.protocol.Sampling;
import org.sled.net.protocol.TokenBias;

/** Writes a request of the load as llama-server's {@code POST /completion} wants it. */
final class CompletionRequest {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What the last event is to say; without this it would repeat the prompt as text. */
  private static final List<String> LAST_FIELDS =
      List.of("stop", "stop_type", "tokens_predicted", "tokens_evaluated", "timings");

  /** SAMPLING.md's order; logit biases come first in llama.cpp too. */
  private static final List<String> SAMPLERS =
      List.of("penalties", "top_k", "top_p", "min_p", "temperature");

  /** llama.cpp's seeds have 32 bits, and this one asks for a random seed. */
  private static final long RANDOM_SEED = 0xFFFF_FFFFL;

  private CompletionRequest() {}

  /** The HTTP request, with a body of its own. */
  static FullHttpRequest http(BenchRequest request, String host) {
    byte[] body;
    try {
      body = JSON.writeValueAsBytes(json(request));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of numbers and words is always JSON", e);
    }
    FullHttpRequest http =
        new DefaultFullHttpRequest(
            HttpVersion.HTTP_1_1, HttpMethod.POST, "/completion", Unpooled.wrappedBuffer(body));
    http.headers()
        .set(HttpHeaderNames.HOST, host)
        .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
        .setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
    return http;
  }

  static ObjectNode json(BenchRequest request) {
    Sampling sampling = request.sampling();
    ObjectNode json = JSON.createObjectNode();
    ArrayNode prompt = json.putArray("prompt");
    for (int id : request.prompt().toArray()) {
      prompt.add(id);
    }
    json.put("n_predict", request.maxTokens())
        .put("stream", true)
        .put("return_tokens", true)
        .put("ignore_eos", request.ignoreEnd())
        // Prompts of a load repeat, and every system under test computes them anew.
        .put("cache_prompt", false)
        .put("temperature", sampling.temperature())
        .put("top_k", sampling.topK())
        .put("top_p", sampling.topP())
        .put("min_p", sampling.minP())
        .put("repeat_penalty", sampling.repeatPenalty())
        .put("presence_penalty", sampling.presencePenalty())
        .put("frequency_penalty", sampling.frequencyPenalty())
        .put("repeat_last_n", lastTokens(request))
        .put("seed", seed(sampling));
    ArrayNode biases = json.putArray("logit_bias");
    for (TokenBias bias : sampling.logitBias()) {
      biases.addArray().add(bias.token()).add(bias.bias());
    }
    SAMPLERS.forEach(json.putArray("samplers")::add);
    LAST_FIELDS.forEach(json.putArray("response_fields")::add);
    return json;
  }

  /** llama-server knows no -1 for all, and keeps room for as many as it is told. */
  private static int lastTokens(BenchRequest request) {
    int lastN = request.sampling().penaltyLastN();
    return lastN >= 0 ? lastN : request.prompt().count() + request.maxTokens();
  }

  private static long seed(Sampling sampling) {
    long seed = sampling.seed() & RANDOM_SEED;
    return seed == RANDOM_SEED ? 0 : seed;
  }
}
