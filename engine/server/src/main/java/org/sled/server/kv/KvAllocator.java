package org.sled.server.kv;

import java.util.function.Consumer;
import org.sled.core.kv.KvLedger;
import org.sled.core.kv.PrefixIndex;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.net.protocol.StreamSecret;
import org.sled.net.protocol.TokenDigest;
import org.sled.net.protocol.TokenIds;
import org.sled.server.observe.ServerStats;
import org.sled.server.session.Command;
import org.sled.server.session.ServerSession;
import org.sled.server.target.TargetEngine;

/**
 * Allocates sequences of the K/V cache to sessions that want a step: restores K/V that was saved,
 * shares what others have computed of the same tokens, and preempts others where all sequences are
 * taken. Which session is preempted is the {@link KvLedger}'s decision. Verifier thread only.
 *
 * <p>A session that ends leaves its K/V behind, for the next one that begins with the same tokens,
 * until its sequence is needed.
 */
public final class KvAllocator {
  /** Fewer common tokens than that are computed: that is as cheap as copying. */
  static final int LEAST_SHARED_TOKENS = 16;

  /** K/V of fewer tokens than that is not saved: it is computed again. */
  private static final int LEAST_SAVED_TOKENS = 16;

  /** A session may keep its sequence for so many tokens while others wait for one. */
  private static final int TURN_TOKENS = 32;

  /** What came of looking for a sequence. */
  private enum Placement {
    /** The session has one. */
    PLACED,
    /** It waits for another session's prompt. */
    FOLLOWS,
    /** All sequences belong to busy sessions. */
    NO_ROOM
  }

  private final TargetEngine engine;
  private final KvCopies copies;
  private final KvLedger ledger;
  private final PrefixIndex prefixes = new PrefixIndex();
  private final ResumeIndex streams;
  private final ServerStats stats;
  private final boolean shares;

  private final ServerSession[] sessions; // by number; retired ones are not in it
  private final int[][] prompts; // by number; until the session has K/V
  private final int[] turnTokens; // by number: tokens since it got its sequence
  private final WaitingSessions waiting;
  private final int[] retiredTokens; // by number: committed tokens of one that is retired

  private double bytesPerToken;
  private int open;

  /**
   * Creates the kv of an engine without sessions.
   *
   * @param shares whether common beginnings are looked for
   */
  public KvAllocator(
      TargetEngine engine, KvLedger ledger, int sessionCount, boolean shares, ServerStats stats) {
    this.engine = engine;
    this.ledger = ledger;
    this.shares = shares;
    this.stats = stats;
    copies = new KvCopies(engine);
    streams = new ResumeIndex(sessionCount);
    retiredTokens = new int[sessionCount];
    sessions = new ServerSession[sessionCount];
    prompts = new int[sessionCount][];
    turnTokens = new int[sessionCount];
    waiting = new WaitingSessions(sessionCount);
  }

  /** The session with this number, or null. */
  public ServerSession session(int number) {
    return sessions[number];
  }

  /** Sessions that are open; retired ones do not count. */
  public int openCount() {
    return open;
  }

  /** Each open session. */
  public void forEach(Consumer<ServerSession> action) {
    for (ServerSession session : sessions) {
      if (session != null) {
        action.accept(session);
      }
    }
  }

  /**
   * Opens a native session, without K/V.
   *
   * @throws SledException why not
   */
  public void open(ServerSession session, Command.OpenSession command) {
    TokenIds prompt = command.prompt();
    int number = openNative(command);
    ledger.opened(number);
    sessions[number] = session;
    waiting.placed(number);
    open++;
    prompts[number] = new int[prompt.count()];
    for (int i = 0; i < prompt.count(); i++) {
      prompts[number][i] = prompt.id(i);
    }
    session.opened(number, prompt.count(), prompt.id(prompt.count() - 1));
    session.secret = streams.opened(number, session.secret);
  }

  private int openNative(Command.OpenSession command) {
    while (true) {
      try {
        return engine.openSession(
            command.prompt(),
            command.open().maxTokens(),
            command.open().ignoresEndOfGeneration(),
            command.open().sampling());
      } catch (SledException e) {
        int retired = ledger.oldestRetired();
        if (e.status() != SledStatus.NO_SEQUENCE || retired == KvLedger.NONE) {
          throw e;
        }
        drop(retired);
      }
    }
  }

  /**
   * The first {@code count} tokens of a stream that is still here, open or retired; null if it is
   * not, or if they do not have this digest. What it has K/V for can then be shared. Without
   * sharing no K/V is kept, and no stream is found.
   *
   * @param secret of the stream
   */
  public TokenIds find(StreamSecret secret, int count, long digest) {
    int number = shares ? streams.find(secret) : ResumeIndex.NONE;
    if (number == ResumeIndex.NONE) {
      return null;
    }
    ServerSession donor = sessions[number];
    int most = donor == null ? retiredTokens[number] : donor.committedLength();
    if (count > most) {
      return null;
    }
    int[] tokens = engine.committedTokens(number, count);
    if (TokenDigest.of(tokens, count) != digest) {
      return null;
    }
    if (donor != null && isDonor(number)) {
      // Of an open session the index knows the prompt: what it has generated since comes with this.
      prefixes.put(number, committed(donor));
    }
    return TokenIds.of(tokens);
  }

  /** Ends a session; its K/V may stay for others. */
  public void close(ServerSession session) {
    int number = session.number;
    sessions[number] = null;
    prompts[number] = null;
    open--;
    stopWaiting(session);
    if (shares && ledger.isResident(number) && ledger.cells(number) >= LEAST_SHARED_TOKENS) {
      prefixes.put(number, engine.committedTokens(number, ledger.cells(number)));
      ledger.retired(number);
      retiredTokens[number] = session.committedLength();
    } else {
      drop(number);
    }
  }

  private void drop(int number) {
    prefixes.remove(number);
    streams.gone(number);
    if (ledger.savedBytes(number) > 0) {
      stats.swapDropped(ledger.savedBytes(number));
    }
    ledger.closed(number);
    engine.closeSession(number);
  }

  /**
   * Makes a session resident, if it is not.
   *
   * @return whether it can take part in a step now; if not, {@link #allocateWaiting} gives it back
   *     later
   */
  public boolean allocate(ServerSession session) {
    int number = session.number;
    boolean resident = ledger.isResident(number);
    if (waiting.forSequence() > 0 && (!resident || turnTokens[number] >= TURN_TOKENS)) {
      // Those who wait longer first. Whoever has a sequence may never pause by itself.
      if (resident) {
        ledger.idle(number);
      }
      waiting.add(session);
      return false;
    }
    if (resident) {
      ledger.busy(number);
      return true;
    }
    Placement placement = place(session);
    if (placement == Placement.NO_ROOM) {
      waiting.add(session);
    }
    return placement == Placement.PLACED;
  }

  /** Finds a sequence for a session that has none. */
  private Placement place(ServerSession session) {
    int number = session.number;
    if (ledger.cells(number) > 0 || !shares) {
      return attach(session, KvLedger.NONE) ? Placement.PLACED : Placement.NO_ROOM;
    }
    int[] tokens = prompts[number] != null ? prompts[number] : committed(session);
    int most = session.committedLength() - 1;
    int donor = KvLedger.NONE;
    int shared = 0;
    if (prefixes.find(tokens, most, this::isDonor)) {
      donor = prefixes.session();
      shared = Math.min(prefixes.tokens(), ledger.cells(donor));
    }
    if (copies.canShare()
        && waiting.mayFollow(number)
        && prefixes.find(tokens, most, this::isComputing)
        && prefixes.tokens() >= shared + LEAST_SHARED_TOKENS) {
      waiting.follow(session, sessions[prefixes.session()], prefixes.tokens());
      return Placement.FOLLOWS;
    }
    boolean placed =
        shared >= LEAST_SHARED_TOKENS
            ? attachAndShare(session, donor, shared)
            : attach(session, KvLedger.NONE);
    if (!placed) {
      return Placement.NO_ROOM;
    }
    stats.prefix(most, session.cached);
    prefixes.put(number, tokens);
    prompts[number] = null;
    return Placement.PLACED;
  }

  private int[] committed(ServerSession session) {
    return engine.committedTokens(session.number, session.committedLength());
  }

  /** A session whose K/V can be copied, or taken over. */
  private boolean isDonor(int number) {
    return ledger.isResident(number)
        && ledger.cells(number) >= LEAST_SHARED_TOKENS
        && (copies.canShare() || ledger.isRetired(number));
  }

  /** A session whose prompt is being computed, so that its K/V grows. */
  private boolean isComputing(int number) {
    ServerSession session = sessions[number];
    return session != null
        && session.wants == ServerSession.Wants.FIRST_TOKEN
        && ledger.isResident(number);
  }

  /** Whether a leader still computes what others wait for. */
  private boolean isLed(ServerSession leader, int number, int tokens) {
    return sessions[number] == leader
        && isComputing(number)
        && ledger.cells(number) < tokens
        && copies.canShare();
  }

  /**
   * Gives a session a sequence, and the K/V that was saved of it.
   *
   * @param spared session that does not make room for it
   * @return whether there was a sequence
   */
  private boolean attach(ServerSession session, int spared) {
    int sequence = makeRoom(spared);
    if (sequence == KvLedger.NONE) {
      return false;
    }
    int number = session.number;
    long savedBytes = ledger.savedBytes(number);
    if (!copies.attach(number, sequence)) {
      ledger.forgotten(number);
      stats.swapDropped(savedBytes);
      stats.evicted();
    } else if (savedBytes > 0) {
      stats.swappedIn(savedBytes);
    }
    ledger.attached(number, sequence);
    placed(session, ledger.cells(number));
    return true;
  }

  private void placed(ServerSession session, int cachedTokens) {
    session.cached = cachedTokens;
    turnTokens[session.number] = 0;
    waiting.placed(session.number);
  }

  /**
   * Gives a session a sequence, and if possible K/V that a donor has for its first tokens. What the
   * donor was, idle, busy or retired, it stays, unless it is the one that has to make room.
   */
  private boolean attachAndShare(ServerSession session, int donor, int tokens) {
    boolean retired = ledger.isRetired(donor);
    // A retired session that has little else is taken over; others are copied, if there is room.
    if (retired && ledger.cells(donor) < 2 * tokens) {
      return takeOver(session, donor, tokens);
    }
    if (!attach(session, donor)) {
      if (retired) {
        return takeOver(session, donor, tokens); // nobody else is left to make room
      }
      if (!attach(session, KvLedger.NONE)) {
        return false;
      }
      if (ledger.cells(donor) < tokens) {
        return true; // the donor has made room, and its K/V is lost
      }
    }
    if (copies.share(session.number, donor, tokens)) {
      ledger.cached(session.number, tokens);
      session.cached = tokens;
    }
    return true;
  }

  private boolean takeOver(ServerSession session, int donor, int tokens) {
    int number = session.number;
    if (!copies.takeOver(number, donor, tokens)) {
      return attach(session, KvLedger.NONE);
    }
    ledger.moved(donor, number, tokens);
    drop(donor);
    placed(session, tokens);
    return true;
  }

  /**
   * A free sequence, made free if need be; {@link KvLedger#NONE} if everybody is busy.
   *
   * @param spared session that does not make room; {@link KvLedger#NONE} for nobody
   */
  private int makeRoom(int spared) {
    int sequence = ledger.freeSequence();
    if (sequence != KvLedger.NONE) {
      return sequence;
    }
    int victim = ledger.victim(spared);
    if (victim == KvLedger.NONE) {
      return KvLedger.NONE;
    }
    if (ledger.isRetired(victim)) {
      drop(victim);
    } else {
      preempt(victim);
    }
    return ledger.freeSequence();
  }

  /** An idle session gives its sequence back; its K/V is saved if there is room for it. */
  private void preempt(int number) {
    int tokens = ledger.cells(number);
    boolean keep =
        tokens >= LEAST_SAVED_TOKENS
            && copies.canSave()
            && ledger.maySave(Math.max(1, (long) Math.ceil(bytesPerToken * tokens)));
    long bytes = keep ? copies.save(number) : 0;
    if (bytes > 0) {
      bytesPerToken = bytes / (double) tokens;
    }
    if (bytes == 0) {
      engine.detach(number, false);
      sessions[number].cached = 0;
      prefixes.remove(number);
    }
    ledger.detached(number, bytes);
    if (bytes == 0) {
      stats.evicted();
    } else {
      stats.swappedOut(bytes);
    }
  }

  /** A session's K/V has changed. */
  public void cached(ServerSession session) {
    ledger.cached(session.number, session.cached);
  }

  /** A session has got tokens of a step. */
  public void served(ServerSession session, int tokens) {
    turnTokens[session.number] += tokens;
  }

  /** A session wants nothing any more, for now. */
  public void release(ServerSession session) {
    if (ledger.isResident(session.number)) {
      ledger.idle(session.number);
    }
  }

  /** A session does not want a step any more before it got a sequence. */
  public void stopWaiting(ServerSession session) {
    waiting.remove(session);
  }

  /**
   * Gives back sessions that {@link #allocate} refused and that can go on now. When nobody is busy,
   * there always is one among them: all sequences are free, or belong to sessions that make room.
   *
   * @param action puts them into the work queue
   */
  public void allocateWaiting(Consumer<ServerSession> action) {
    waiting.release(this::isLed);
    for (int left = waiting.forSequence(); left > 0; left--) {
      ServerSession session = waiting.poll();
      Placement placement = ledger.isResident(session.number) ? Placement.PLACED : place(session);
      if (placement == Placement.NO_ROOM) {
        waiting.addFirst(session); // those behind it would find no room either
        return;
      }
      if (placement == Placement.PLACED) {
        ledger.busy(session.number);
        turnTokens[session.number] = 0;
        action.accept(session);
      }
    }
  }

  /** Whether anybody waits for a sequence or for another session's prompt. */
  public boolean isAnybodyWaiting() {
    return !waiting.isEmpty();
  }

  /** Who waits. */
  public WaitingSessions waiting() {
    return waiting;
  }

  /** Frees what retired sessions keep. */
  void dropRetired() {
    for (int retired = ledger.oldestRetired();
        retired != KvLedger.NONE;
        retired = ledger.oldestRetired()) {
      drop(retired);
    }
  }
}
