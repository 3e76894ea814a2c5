package org.sled.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class CapacitySearchTest {
  @Property
  void findsTheLargestCountThatHolds(
      @ForAll @IntRange(min = 1, max = 300) int most,
      @ForAll @IntRange(min = 0, max = 400) int truth) {
    CapacitySearch search = new CapacitySearch(most);
    int tries = 0;
    for (int count = search.next(); count != 0; count = search.next()) {
      assertTrue(count >= 1 && count <= most);
      search.tried(count, count <= truth);
      tries++;
    }
    assertEquals(Math.min(truth, most), search.capacity());
    assertEquals(truth >= most, search.isOpenEnded());
    assertTrue(tries <= 20, tries + " tries");
  }
}
