package org.sled.server;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.sled.core.KvLedger;
import org.sled.core.PrefixIndex;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.net.protocol.TokenIds;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that a session that wants a step owns a sequence of the K/V cache: restores what was
 * saved, takes over what others have in common with it, and makes others leave. Who leaves is the
 * {@link KvLedger}'s decision. Verifier thread only.
 *
 * <p>A session that ends leaves its K/V behind, for the next one that begins with the same tokens,
 * until its sequence is needed.
 */
final class KvKeeper {
  private static final Logger LOG = LoggerFactory.getLogger(KvKeeper.class);

  /** Fewer common tokens than that are computed: that is as cheap as copying. */
  static final int LEAST_SHARED_TOKENS = 16;

  /** K/V of fewer tokens than that is not saved: it is computed again. */
  private static final int LEAST_SAVED_TOKENS = 16;

  /** A session that pushes may keep its sequence for so many tokens while others wait for one. */
  private static final int TURN_TOKENS = 32;

  private final TargetEngine engine;
  private final KvLedger ledger;
  private final PrefixIndex prefixes = new PrefixIndex();
  private final StreamFinder streams;
  private final ServerStats stats;
  private final boolean shares;

  private final ServerSession[] sessions; // by number; retired ones are not in it
  private final int[][] prompts; // by number; until the session has K/V
  private final int[] turnTokens; // by number: tokens since it got its sequence
  private final boolean[] waits; // by number: is in one of the two lists below

  /** Sessions for which there was no sequence, longest waiting first. */
  private final Deque<ServerSession> homeless = new ArrayDeque<>();

  /** Sessions that wait until another one has computed what they have in common. */
  private final List<Follower> followers = new ArrayList<>();

  private double bytesPerToken;
  private int open;

  private record Follower(ServerSession session, ServerSession leader, int tokens) {}

  /**
   * Creates the keeper of an engine without sessions.
   *
   * @param shares whether common beginnings are looked for
   */
  KvKeeper(
      TargetEngine engine, KvLedger ledger, int sessionCount, boolean shares, ServerStats stats) {
    this.engine = engine;
    this.ledger = ledger;
    this.shares = shares;
    this.stats = stats;
    streams = new StreamFinder(engine, sessionCount);
    sessions = new ServerSession[sessionCount];
    prompts = new int[sessionCount][];
    turnTokens = new int[sessionCount];
    waits = new boolean[sessionCount];
  }

  /** The session with this number, or null. */
  ServerSession session(int number) {
    return sessions[number];
  }

  /** Sessions that are open; retired ones do not count. */
  int openCount() {
    return open;
  }

  /** Each open session. */
  void forEach(Consumer<ServerSession> action) {
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
  void open(ServerSession session, Command.OpenSession command) {
    TokenIds prompt = command.prompt();
    int number = openNative(command);
    ledger.opened(number);
    sessions[number] = session;
    open++;
    prompts[number] = new int[prompt.count()];
    for (int i = 0; i < prompt.count(); i++) {
      prompts[number][i] = prompt.id(i);
    }
    session.opened(number, prompt.count(), prompt.id(prompt.count() - 1));
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
   * The first {@code count} tokens of a session, open or retired, that has this digest for them;
   * null if none is found. What it has K/V for can then be shared. Without sharing no session is to
   * learn of another, and none is found.
   */
  TokenIds find(int count, long digest) {
    if (!shares) {
      return null;
    }
    for (ServerSession session : sessions) {
      if (session != null) {
        streams.note(session.number, session.committedLength());
      }
    }
    StreamFinder.Stream found = streams.find(count, digest);
    if (found == null) {
      return null;
    }
    ServerSession donor = sessions[found.number()];
    if (donor != null && isDonor(donor.number)) {
      // Of an open session the index knows the prompt: what it has generated since comes with this.
      prefixes.put(donor.number, committed(donor));
    }
    return found.tokens();
  }

  /** Ends a session; its K/V may stay for others. */
  void close(ServerSession session) {
    int number = session.number;
    sessions[number] = null;
    prompts[number] = null;
    open--;
    forget(session);
    if (shares && ledger.isResident(number) && ledger.cells(number) >= LEAST_SHARED_TOKENS) {
      prefixes.put(number, engine.committedTokens(number, ledger.cells(number)));
      ledger.retired(number);
      streams.note(number, session.committedLength());
    } else {
      drop(number);
    }
  }

  private void drop(int number) {
    prefixes.remove(number);
    streams.note(number, 0);
    if (ledger.savedBytes(number) > 0) {
      stats.swapDropped(ledger.savedBytes(number));
    }
    ledger.closed(number);
    engine.closeSession(number);
  }

  /**
   * Makes a session resident, if it is not.
   *
   * @return whether it can take part in a step now; if not, {@link #resume} gives it back later
   */
  boolean secure(ServerSession session) {
    int number = session.number;
    if (ledger.isResident(number)) {
      if (!homeless.isEmpty() && turnTokens[number] >= TURN_TOKENS && session.pushes()) {
        ledger.idle(number); // others wait for its sequence, and it would never pause
        waitForSequence(session);
        return false;
      }
      ledger.busy(number);
      return true;
    }
    if (!homeless.isEmpty()) {
      waitForSequence(session); // those who wait longer first
      return false;
    }
    return settle(session);
  }

  /** Finds a sequence for a session that has none; queues it if that is not possible now. */
  private boolean settle(ServerSession session) {
    if (ledger.cells(session.number) == 0 && shares) {
      return settleBesideOthers(session);
    }
    if (attach(session)) {
      return true;
    }
    waitForSequence(session);
    return false;
  }

  private boolean settleBesideOthers(ServerSession session) {
    int number = session.number;
    int[] tokens = prompts[number] != null ? prompts[number] : committed(session);
    int most = session.committedLength() - 1;
    int donor = KvLedger.NONE;
    int shared = 0;
    if (prefixes.find(tokens, most, this::isDonor)) {
      donor = prefixes.session();
      shared = Math.min(prefixes.tokens(), ledger.cells(donor));
    }
    if (prefixes.find(tokens, most, this::isComputing)
        && prefixes.tokens() >= shared + LEAST_SHARED_TOKENS) {
      ServerSession leader = sessions[prefixes.session()];
      followers.add(new Follower(session, leader, prefixes.tokens()));
      waits[number] = true;
      return false;
    }
    boolean settled =
        shared >= LEAST_SHARED_TOKENS ? share(session, donor, shared) : attach(session);
    if (!settled) {
      waitForSequence(session);
      return false;
    }
    stats.prefix(most, session.cached);
    prefixes.put(number, tokens);
    prompts[number] = null;
    return true;
  }

  private int[] committed(ServerSession session) {
    return engine.committedTokens(session.number, session.committedLength());
  }

  private boolean isDonor(int number) {
    return ledger.isResident(number) && ledger.cells(number) >= LEAST_SHARED_TOKENS;
  }

  /** A session whose prompt is being computed, so that its K/V grows. */
  private boolean isComputing(int number) {
    ServerSession session = sessions[number];
    return session != null
        && session.wants == ServerSession.Wants.FIRST_TOKEN
        && ledger.isResident(number);
  }

  private boolean attach(ServerSession session) {
    int sequence = makeRoom();
    if (sequence == KvLedger.NONE) {
      return false;
    }
    int number = session.number;
    long savedBytes = ledger.savedBytes(number);
    engine.attach(number, sequence);
    ledger.attached(number, sequence);
    if (savedBytes > 0) {
      stats.swappedIn(savedBytes);
    }
    session.cached = ledger.cells(number);
    turnTokens[number] = 0;
    return true;
  }

  private boolean share(ServerSession session, int donor, int tokens) {
    int number = session.number;
    // A retired session that has little else is taken over; others are copied, if there is room.
    boolean move = ledger.isRetired(donor) && ledger.cells(donor) < 2 * tokens;
    if (!move) {
      boolean wasRetired = ledger.isRetired(donor);
      ledger.busy(donor); // must not make room
      int sequence = makeRoom();
      if (wasRetired) {
        ledger.retired(donor);
      } else if (sessions[donor].wants == ServerSession.Wants.NOTHING) {
        ledger.idle(donor);
      }
      if (sequence == KvLedger.NONE) {
        if (!wasRetired) {
          return false;
        }
        move = true; // nobody else is left to make room
      } else {
        engine.attach(number, sequence);
        ledger.attached(number, sequence);
      }
    }
    turnTokens[number] = 0;
    try {
      engine.share(number, donor, tokens, move);
    } catch (SledException e) {
      // No memory, or a model whose K/V cannot be copied: nothing has changed, it is computed.
      LOG.warn("K/V of a common beginning is computed, not copied: {}", e.getMessage());
      session.cached = 0;
      return !move || attach(session);
    }
    if (move) {
      ledger.moved(donor, number, tokens);
      drop(donor);
    } else {
      ledger.cached(number, tokens);
    }
    session.cached = tokens;
    return true;
  }

  /** A free sequence, made free if need be; {@link KvLedger#NONE} if everybody is busy. */
  private int makeRoom() {
    int sequence = ledger.freeSequence();
    if (sequence != KvLedger.NONE) {
      return sequence;
    }
    int victim = ledger.victim();
    if (victim == KvLedger.NONE) {
      return KvLedger.NONE;
    }
    if (ledger.isRetired(victim)) {
      drop(victim);
    } else {
      leave(victim);
    }
    return ledger.freeSequence();
  }

  /** An idle session gives its sequence back; its K/V is saved if there is room for it. */
  private void leave(int number) {
    int tokens = ledger.cells(number);
    boolean keep =
        tokens >= LEAST_SAVED_TOKENS
            && ledger.maySave(Math.max(1, (long) Math.ceil(bytesPerToken * tokens)));
    long bytes = 0;
    if (keep) {
      try {
        bytes = engine.detach(number, true);
        bytesPerToken = bytes / (double) tokens;
      } catch (SledException e) {
        // No memory, or K/V that cannot be saved (sliding windows): it is computed again.
        if (e.status() != SledStatus.MEMORY && e.status() != SledStatus.UNSUPPORTED) {
          throw e;
        }
      }
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
  void cached(ServerSession session) {
    ledger.cached(session.number, session.cached);
  }

  /** A session has got tokens of a step. */
  void served(ServerSession session, int tokens) {
    turnTokens[session.number] += tokens;
  }

  /** A session wants nothing any more, for now. */
  void rest(ServerSession session) {
    if (ledger.isResident(session.number)) {
      ledger.idle(session.number);
    }
  }

  /** A session does not want a step any more before it got a sequence. */
  void forget(ServerSession session) {
    if (waits[session.number]) {
      waits[session.number] = false;
      homeless.remove(session);
      followers.removeIf(follower -> follower.session() == session);
    }
  }

  private void waitForSequence(ServerSession session) {
    waits[session.number] = true;
    homeless.add(session);
  }

  /**
   * Gives back sessions that {@link #secure} refused and that can go on now.
   *
   * @param action puts them into the work queue
   */
  void resume(Consumer<ServerSession> action) {
    for (int i = followers.size() - 1; i >= 0; i--) {
      Follower follower = followers.get(i);
      boolean waits =
          sessions[follower.leader().number] == follower.leader()
              && isComputing(follower.leader().number)
              && ledger.cells(follower.leader().number) < follower.tokens();
      if (!waits) {
        followers.remove(i);
        waitForSequence(follower.session());
      }
    }
    for (int left = homeless.size(); left > 0; left--) {
      ServerSession session = homeless.poll();
      waits[session.number] = false;
      int before = homeless.size();
      boolean ready = ledger.isResident(session.number) || settle(session);
      if (ready) {
        ledger.busy(session.number);
        turnTokens[session.number] = 0;
        action.accept(session);
      } else if (homeless.size() > before) {
        // No room: those behind it have none either. It keeps its place.
        homeless.addFirst(homeless.pollLast());
        return;
      }
    }
  }

  /** Whether anybody waits for a sequence or for another session's prompt. */
  boolean isAnybodyWaiting() {
    return !homeless.isEmpty() || !followers.isEmpty();
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
