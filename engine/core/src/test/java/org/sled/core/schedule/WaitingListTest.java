package org.sled.core.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WaitingListTest {
  private static List<String> inOrder(WaitingList<String> list) {
    List<String> items = new ArrayList<>();
    list.forEachInOrder(
        (item, place) -> {
          items.add(item);
          assertEquals(items.size(), place);
        });
    return items;
  }

  private static List<String> taken(WaitingList<String> list) {
    List<String> items = new ArrayList<>();
    for (String item = list.poll(); item != null; item = list.poll()) {
      items.add(item);
    }
    return items;
  }

  @Test
  void ownersTakeTurnsAndEachIsServedInOrder() {
    WaitingList<String> list = new WaitingList<>(10, 100);
    for (String item : List.of("a1", "a2", "a3", "b1", "b2", "c1")) {
      assertTrue(list.add(item.substring(0, 1).intern(), item, 1));
    }
    List<String> expected = List.of("a1", "b1", "c1", "a2", "b2", "a3");
    assertEquals(expected, inOrder(list));
    assertEquals(expected, taken(list));
    assertTrue(list.isEmpty());
  }

  @Test
  void whoComesAgainIsBehindThoseWhoWait() {
    WaitingList<String> list = new WaitingList<>(10, 100);
    list.add("a", "a1", 1);
    list.add("b", "b1", 1);
    list.add("c", "c1", 1);
    assertEquals("a1", list.poll());
    list.add("a", "a2", 1);
    assertEquals(List.of("b1", "c1", "a2"), taken(list));
  }

  @Test
  void entriesAndBytesAreBounded() {
    WaitingList<String> list = new WaitingList<>(3, 100);
    assertTrue(list.add("a", "a1", 60));
    assertFalse(list.add("b", "b1", 41));
    assertTrue(list.add("b", "b1", 40));
    assertEquals("a1", list.poll());
    assertEquals(40, list.bytes());
    assertTrue(list.add("a", "a2", 10));
    assertTrue(list.add("a", "a3", 10));
    assertFalse(list.add("c", "c1", 1), "three wait");
    assertEquals("a2", list.remove("a", "a2"::equals));
    assertTrue(list.add("c", "c1", 50));
    taken(list);
    assertEquals(0, list.bytes());
    assertFalse(new WaitingList<String>(0, 100).add("a", "a1", 1));
  }

  @Test
  void whoLeavesIsNotInTheWay() {
    WaitingList<String> list = new WaitingList<>(10, 100);
    list.add("a", "a1", 1);
    list.add("b", "b1", 1);
    list.add("b", "b2", 1);
    assertNull(list.remove("a", "b1"::equals), "somebody else's");
    assertNull(list.remove("c", "b1"::equals));
    assertEquals("a1", list.remove("a", "a1"::equals));
    assertEquals(List.of("b1", "b2"), list.all("b"));
    assertEquals(List.of("b1", "b2"), list.all(null));
    assertEquals("b1", list.remove("b", "b1"::equals));
    assertEquals(List.of("b2"), taken(list));
  }

  /** Whatever happens, who is taken is the one that was shown at place 1. */
  @Test
  void placesAreTheOrderInWhichTheyAreTaken() {
    Random random = new Random(1);
    Object[] owners = {new Object(), new Object(), new Object(), new Object()};
    WaitingList<Integer> list = new WaitingList<>(30, Long.MAX_VALUE);
    List<Integer> ownerOf = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      int owner = random.nextInt(owners.length);
      int size = list.size();
      switch (random.nextInt(4)) {
        case 0, 1 -> {
          int item = ownerOf.size();
          ownerOf.add(owner);
          assertEquals(size < 30, list.add(owners[owner], item, 1));
        }
        case 2 -> {
          List<Integer> places = new ArrayList<>();
          list.forEachInOrder((item, place) -> places.add(item));
          assertEquals(size, places.size());
          Integer next = list.poll();
          assertEquals(places.isEmpty() ? null : places.get(0), next);
          List<Integer> after = new ArrayList<>();
          list.forEachInOrder((item, place) -> after.add(item));
          assertEquals(places.isEmpty() ? places : places.subList(1, places.size()), after);
        }
        default -> {
          List<Integer> own = list.all(owners[owner]);
          if (!own.isEmpty()) {
            Integer some = own.get(random.nextInt(own.size()));
            assertEquals(some, list.remove(owners[owner], some::equals));
            assertEquals(size - 1, list.size());
          }
        }
      }
      assertEquals(list.size(), list.bytes());
    }
  }
}
