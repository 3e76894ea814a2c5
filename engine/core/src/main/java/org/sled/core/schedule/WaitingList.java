package org.sled.core.schedule;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.function.Predicate;

/**
 * Who waits for room: a line for each owner, first come, first served, and the owners in turns. So
 * nobody waits longer because somebody else asks for much.
 *
 * <p>Bounded in entries and in bytes. Pure; belongs to one thread.
 */
public final class WaitingList<T> {
  private final int mostEntries;
  private final long mostBytes;
  private final IdentityHashMap<Object, Line<T>> lines = new IdentityHashMap<>();
  private final Deque<Line<T>> turns = new ArrayDeque<>(); // who is next comes first
  private int size;
  private long bytes;

  private record Entry<T>(T item, long bytes) {}

  private static final class Line<T> {
    final Object owner;
    final Deque<Entry<T>> entries = new ArrayDeque<>();

    Line(Object owner) {
      this.owner = owner;
    }
  }

  /** Is shown who waits where. */
  @FunctionalInterface
  public interface Visitor<T> {
    /**
     * One that waits.
     *
     * @param place 1 for who is next
     */
    void visit(T item, int place);
  }

  /**
   * Creates an empty one.
   *
   * @param mostEntries that wait at a time
   * @param mostBytes of all of them together
   */
  public WaitingList(int mostEntries, long mostBytes) {
    this.mostEntries = mostEntries;
    this.mostBytes = mostBytes;
  }

  /** Adds one at the end of its owner's line; false if there is no room for it. */
  public boolean add(Object owner, T item, long itemBytes) {
    if (size == mostEntries || itemBytes > mostBytes - bytes) {
      return false;
    }
    Line<T> line = lines.get(owner);
    if (line == null) {
      line = new Line<>(owner);
      lines.put(owner, line);
      turns.add(line);
    }
    line.entries.add(new Entry<>(item, itemBytes));
    size++;
    bytes += itemBytes;
    return true;
  }

  /** Takes who is next; null if nobody waits. */
  public T poll() {
    Line<T> line = turns.poll();
    if (line == null) {
      return null;
    }
    Entry<T> entry = line.entries.poll();
    if (line.entries.isEmpty()) {
      lines.remove(line.owner);
    } else {
      turns.add(line);
    }
    return removed(entry);
  }

  /** Takes out an owner's first entry that is meant; null if there is none. */
  public T remove(Object owner, Predicate<T> isMeant) {
    Line<T> line = lines.get(owner);
    if (line == null) {
      return null;
    }
    for (Iterator<Entry<T>> entries = line.entries.iterator(); entries.hasNext(); ) {
      Entry<T> entry = entries.next();
      if (isMeant.test(entry.item())) {
        entries.remove();
        if (line.entries.isEmpty()) {
          lines.remove(owner);
          turns.remove(line);
        }
        return removed(entry);
      }
    }
    return null;
  }

  private T removed(Entry<T> entry) {
    size--;
    bytes -= entry.bytes();
    return entry.item();
  }

  /** Shows all, in the order in which they would be taken. */
  public void forEachInOrder(Visitor<T> visitor) {
    Queue<Iterator<Entry<T>>> left = new ArrayDeque<>();
    turns.forEach(line -> left.add(line.entries.iterator()));
    for (int place = 1; !left.isEmpty(); place++) {
      Iterator<Entry<T>> next = left.poll();
      visitor.visit(next.next().item(), place);
      if (next.hasNext()) {
        left.add(next);
      }
    }
  }

  /** All of an owner, or of everybody for null; they stay. */
  public List<T> all(Object owner) {
    List<T> items = new ArrayList<>();
    for (Line<T> line : turns) {
      if (owner == null || line.owner == owner) {
        line.entries.forEach(entry -> items.add(entry.item()));
      }
    }
    return items;
  }

  /** How many wait. */
  public int size() {
    return size;
  }

  /** Whether nobody waits. */
  public boolean isEmpty() {
    return size == 0;
  }

  /** Bytes of all that wait. */
  public long bytes() {
    return bytes;
  }
}
