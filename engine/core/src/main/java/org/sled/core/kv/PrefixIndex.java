package org.sled.core.kv;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * Finds the session that begins with the most of given tokens: a trie over token ids whose edges
 * are runs of tokens.
 *
 * <p>Pure; belongs to one thread.
 */
public final class PrefixIndex {
  /** Sessions and branches at one place that are looked at before a shorter match is taken. */
  private static final int MOST_CANDIDATES = 32;

  private final Map<Integer, Node> places = new HashMap<>(); // by session
  private final Node root = new Node(null, new int[0]);

  private int foundSession;
  private int foundTokens;

  private static final class Node {
    Node parent;
    int[] tokens; // of the edge from the parent
    final Map<Integer, Node> children = new HashMap<>(); // by first token
    final List<Integer> sessions = new ArrayList<>(1); // that end here

    Node(Node parent, int[] tokens) {
      this.parent = parent;
      this.tokens = tokens;
    }
  }

  /**
   * Adds a session, or replaces its tokens.
   *
   * @param tokens not kept
   */
  public void put(int session, int[] tokens) {
    remove(session);
    Node node = root;
    int at = 0;
    while (at < tokens.length) {
      Node child = node.children.get(tokens[at]);
      if (child == null) {
        child = new Node(node, Arrays.copyOfRange(tokens, at, tokens.length));
        node.children.put(tokens[at], child);
        node = child;
        break;
      }
      int common = common(child.tokens, tokens, at);
      if (common < child.tokens.length) {
        child = split(child, common);
      }
      node = child;
      at += common;
    }
    node.sessions.add(session);
    places.put(session, node);
  }

  private static int common(int[] edge, int[] tokens, int from) {
    int length = Math.min(edge.length, tokens.length - from);
    int mismatch = Arrays.mismatch(edge, 0, length, tokens, from, from + length);
    return mismatch < 0 ? length : mismatch;
  }

  /** Cuts an edge; returns the new node in its middle. */
  private static Node split(Node child, int at) {
    Node middle = new Node(child.parent, Arrays.copyOf(child.tokens, at));
    child.parent.children.put(child.tokens[0], middle);
    child.tokens = Arrays.copyOfRange(child.tokens, at, child.tokens.length);
    child.parent = middle;
    middle.children.put(child.tokens[0], child);
    return middle;
  }

  /** Takes a session out; nothing happens if it is not there. */
  public void remove(int session) {
    Node node = places.remove(session);
    if (node == null) {
      return;
    }
    node.sessions.remove((Integer) session);
    while (node != root && node.sessions.isEmpty() && node.children.size() < 2) {
      Node parent = node.parent;
      if (node.children.isEmpty()) {
        parent.children.remove(node.tokens[0]);
      } else { // one child: its edge and this one become one
        Node child = node.children.values().iterator().next();
        int[] joined = Arrays.copyOf(node.tokens, node.tokens.length + child.tokens.length);
        System.arraycopy(child.tokens, 0, joined, node.tokens.length, child.tokens.length);
        child.tokens = joined;
        child.parent = parent;
        parent.children.put(joined[0], child);
        return;
      }
      node = parent;
    }
  }

  /**
   * Looks for the session with the longest common beginning; read it with {@link #session} and
   * {@link #tokens}.
   *
   * @param mostTokens that are compared
   * @param usable which sessions come into question; of one place only some are tried
   * @return whether there is one, with at least one token in common
   */
  public boolean find(int[] tokens, int mostTokens, IntPredicate usable) {
    foundSession = -1;
    foundTokens = 0;
    find(root, 0, tokens, Math.min(mostTokens, tokens.length), usable);
    return foundSession >= 0;
  }

  /** The deepest place first; on the way back shorter matches. */
  private boolean find(Node node, int depth, int[] tokens, int most, IntPredicate usable) {
    Node child = depth < most ? node.children.get(tokens[depth]) : null;
    if (child != null) {
      int common = Math.min(common(child.tokens, tokens, depth), most - depth);
      if (common == child.tokens.length) {
        if (find(child, depth + common, tokens, most, usable)) {
          return true;
        }
      } else if (take(child, usable, new int[] {MOST_CANDIDATES})) {
        foundTokens = depth + common;
        return true;
      }
    }
    if (depth > 0 && take(node, usable, new int[] {MOST_CANDIDATES})) {
      foundTokens = depth;
      return true;
    }
    return false;
  }

  /** Looks for a usable session at or below a node, at so many places at most. */
  private boolean take(Node node, IntPredicate usable, int[] triesLeft) {
    triesLeft[0]--;
    for (int session : node.sessions) {
      if (usable.test(session)) {
        foundSession = session;
        return true;
      }
      triesLeft[0]--;
      if (triesLeft[0] <= 0) {
        return false;
      }
    }
    for (Node child : node.children.values()) {
      if (triesLeft[0] <= 0) {
        return false;
      }
      if (take(child, usable, triesLeft)) {
        return true;
      }
    }
    return false;
  }

  /** The session that was found. */
  public int session() {
    return foundSession;
  }

  /** How many tokens it has in common. */
  public int tokens() {
    return foundTokens;
  }

  /** How many sessions are in it. */
  public int size() {
    return places.size();
  }
}
