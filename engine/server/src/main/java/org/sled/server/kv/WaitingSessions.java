package org.sled.server.kv;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.sled.server.session.ServerSession;

/**
 * Sessions that want a step and cannot take part in one yet: those for which there is no sequence
 * of the K/V cache, and followers, which wait until another session, their leader, has computed
 * what they have in common. Both longest waiting first. Verifier thread only.
 */
public final class WaitingSessions {
  /** Leaders that a session may follow before it has a sequence: then it computes by itself. */
  private static final int MOST_LEADERS = 4;

  private final boolean[] waits; // by number: is in one of the two below
  private final int[] leaders; // by number: how many it has followed since it had a sequence
  private final Deque<ServerSession> forSequence = new ArrayDeque<>();
  private final Map<ServerSession, Lead> followers = new LinkedHashMap<>();

  /** A session's number is gone when it ends, so that both are kept. */
  private record Lead(ServerSession leader, int number, int tokens) {}

  /** Nobody waits. */
  WaitingSessions(int sessionCount) {
    waits = new boolean[sessionCount];
    leaders = new int[sessionCount];
  }

  boolean isEmpty() {
    return forSequence.isEmpty() && followers.isEmpty();
  }

  /** How many wait for a sequence. */
  public int forSequence() {
    return forSequence.size();
  }

  /** How many wait for a leader. */
  public int forLeader() {
    return followers.size();
  }

  /** Each session that waits. */
  public void forEach(Consumer<ServerSession> action) {
    forSequence.forEach(action);
    followers.keySet().forEach(action);
  }

  /** Whether a session may wait for another one's prompt once more. */
  boolean mayFollow(int number) {
    return leaders[number] < MOST_LEADERS;
  }

  /** A session waits until a leader has K/V for so many tokens. */
  void follow(ServerSession session, ServerSession leader, int tokens) {
    waits[session.number] = true;
    leaders[session.number]++;
    followers.put(session, new Lead(leader, leader.number, tokens));
  }

  /** A session waits for a sequence, behind those that do already. */
  void add(ServerSession session) {
    waits[session.number] = true;
    forSequence.addLast(session);
  }

  /** A session waits for a sequence, before all others: it was the first, and there was no room. */
  void addFirst(ServerSession session) {
    waits[session.number] = true;
    forSequence.addFirst(session);
  }

  /** Takes out the session that waits longest for a sequence; null if none does. */
  ServerSession poll() {
    ServerSession session = forSequence.poll();
    if (session != null) {
      waits[session.number] = false;
    }
    return session;
  }

  /** A session does not wait any more. */
  void remove(ServerSession session) {
    if (waits[session.number]) {
      waits[session.number] = false;
      forSequence.remove(session);
      followers.remove(session);
    }
  }

  /** A session has a sequence, or has ended. */
  void placed(int number) {
    leaders[number] = 0;
  }

  /**
   * Followers whose leader has what they wait for, or will not have it, wait for a sequence from
   * now on.
   *
   * @param isLed whether a session, which had this number when it was followed, still computes what
   *     is waited for
   */
  void release(Led isLed) {
    Iterator<Map.Entry<ServerSession, Lead>> all = followers.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<ServerSession, Lead> follower = all.next();
      Lead lead = follower.getValue();
      if (!isLed.test(lead.leader(), lead.number(), lead.tokens())) {
        all.remove();
        add(follower.getKey());
      }
    }
  }

  /** See {@link #release}. */
  interface Led {
    boolean test(ServerSession leader, int number, int tokens);
  }
}
