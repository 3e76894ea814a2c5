package org.sled.simulator;

import io.netty.buffer.ByteBufAllocator;
import java.util.List;
import org.sled.core.draft.DraftLengthPolicy;
import org.sled.device.GenerationListener;
import org.sled.device.GenerationRequest;
import org.sled.device.GenerationStats;
import org.sled.device.Outage;
import org.sled.device.ServerInfo;
import org.sled.device.SledClientException;
import org.sled.device.draft.BlockDrafter;
import org.sled.device.draft.Drafting;
import org.sled.device.session.DraftLoop;
import org.sled.device.session.Patience;
import org.sled.device.stream.GenerationMeter;
import org.sled.device.stream.TokenHistory;
import org.sled.device.stream.TokenStream;
import org.sled.device.text.StopFinder;
import org.sled.net.protocol.TokenizerFingerprint;

/**
 * A device and its server in virtual time: the draft loop, the policies and the server's decisions
 * are those of real ones; link, steps and drafting take as long as is said, and no time at all. The
 * same input gives the same numbers. One thread.
 */
public final class VirtualDevice {
  private final VirtualClock clock;
  private final VirtualServing serving;
  private final int vocabularySize;
  private final DraftLengthPolicy policy;

  /**
   * A device that knows nothing yet; what it learns in one generation it knows in the next.
   *
   * @param clock that its drafters advance
   * @param vocabularySize of the target
   * @param drafting how long its blocks are, and how many it has in flight
   */
  public VirtualDevice(
      VirtualClock clock, VirtualServing serving, int vocabularySize, Drafting drafting) {
    this.clock = clock;
    this.serving = serving;
    this.vocabularySize = vocabularySize;
    policy = drafting.createPolicy();
  }

  /**
   * Generates, on a server that begins anew with it.
   *
   * @param request without stop strings; 0 draft tokens for the server alone
   * @param text what the target says, at least one token
   * @param drafter may be null with 0 draft tokens; stays the caller's
   * @throws SledClientException if it failed
   * @throws IllegalStateException if another text came out
   */
  public GenerationStats generate(GenerationRequest request, int[] text, BlockDrafter drafter) {
    VirtualServer server = new VirtualServer(serving, 1, vocabularySize);
    try {
      VirtualTurns turns = new VirtualTurns(server, clock.nanoTime());
      return generate(turns, 0, server.connect(), request, text, drafter);
    } finally {
      server.close();
    }
  }

  /**
   * Generates, where it is this device's turn.
   *
   * @param number of the device
   * @param connection of the device to the turns' server
   */
  GenerationStats generate(
      VirtualTurns turns,
      int number,
      VirtualConnection connection,
      GenerationRequest request,
      int[] text,
      BlockDrafter drafter) {
    int[] prompt = request.prompt().toArray();
    int contextTokens = prompt.length + text.length + 1;
    ServerInfo info =
        new ServerInfo(
            "virtual:0",
            "virtual",
            "trace",
            "",
            true,
            0,
            new TokenizerFingerprint(vocabularySize, 0, 0, 0, 0),
            contextTokens,
            contextTokens - 1,
            VirtualServer.MAX_DRAFT_TOKENS,
            1,
            1,
            null);
    turns.server().expect(prompt, text);
    GenerationMeter meter = new GenerationMeter(request.draftTokens(), clock::nanoTime);
    TokenStream out = new TokenStream();
    Text check = new Text(text);
    if (request.draftTokens() > 0) {
      drafter.begin(request);
    }
    new DraftLoop(
            request,
            new VirtualLink(clock, turns, number, connection, info, serving.roundTripNanos()),
            Patience.endless(Outage.FAIL),
            request.draftTokens() > 0 ? drafter : null,
            policy,
            info,
            new StopFinder(List.of(), null),
            new TokenHistory(
                ByteBufAllocator.DEFAULT,
                request.prompt(),
                contextTokens + VirtualServer.MAX_DRAFT_TOKENS),
            out,
            meter,
            check)
        .run();
    try {
      int end = out.take(); // throws what it failed with
      if (end != TokenStream.END || !check.isWhole(request.maxTokens())) {
        throw new IllegalStateException("the text is not the target's");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SledClientException("interrupted", e);
    }
    return meter.snapshot();
  }

  /** Compares what comes with what should. */
  private static final class Text implements GenerationListener {
    private final int[] expected;
    private int count;
    private boolean wrong;

    Text(int[] expected) {
      this.expected = expected;
    }

    @Override
    public void tokens(long nanos, int... ids) {
      for (int id : ids) {
        wrong |= count >= expected.length || expected[count] != id;
        count++;
      }
    }

    boolean isWhole(int maxTokens) {
      int length = maxTokens == 0 ? expected.length : Math.min(maxTokens, expected.length);
      return !wrong && count == length;
    }
  }
}
