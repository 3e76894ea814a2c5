package org.sled.bench.sled;

import java.time.Duration;
import org.sled.bench.trace.DraftTrace;
import org.sled.device.Busy;
import org.sled.device.draft.Drafting;
import org.sled.jni.Model;
import org.sled.net.channel.EmulatedLink;

/**
 * What the devices of a fleet are like.
 *
 * @param host where the server listens
 * @param port where the server listens
 * @param authToken what it asks for, "" for nothing
 * @param model drafts and tokenises; stays the caller's; null for a replay
 * @param promptLookup whether devices draft without it, by what was said before
 * @param trace is replayed instead of drafting; null for real drafts
 * @param draftTokens drafts per block at most, 0 to let the server generate alone
 * @param drafting how many of them devices make, and how many blocks they have in flight
 * @param draftThreads threads of each draft context
 * @param busy what a request does at a server without room
 * @param busyTimeout how long it waits there at most
 * @param tokensPerSecond drafts that a device makes per second; 0 for as fast as it is
 * @param givesWay whether drafting gives way to everything else on this machine
 * @param link between devices and server; stays the caller's; null for the network as it is
 */
public record FleetOptions(
    String host,
    int port,
    String authToken,
    Model model,
    boolean promptLookup,
    DraftTrace trace,
    int draftTokens,
    Drafting drafting,
    int draftThreads,
    Busy busy,
    Duration busyTimeout,
    double tokensPerSecond,
    boolean givesWay,
    EmulatedLink link) {

  /** These devices over another link. */
  public FleetOptions withLink(EmulatedLink value) {
    return new FleetOptions(
        host,
        port,
        authToken,
        model,
        promptLookup,
        trace,
        draftTokens,
        drafting,
        draftThreads,
        busy,
        busyTimeout,
        tokensPerSecond,
        givesWay,
        value);
  }
}
