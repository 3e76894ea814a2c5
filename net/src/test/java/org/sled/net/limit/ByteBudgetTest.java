package org.sled.net.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class ByteBudgetTest {
  @Test
  void givesAllOrNothing() {
    ByteBudget budget = new ByteBudget(100);
    assertTrue(budget.take(60));
    assertFalse(budget.take(41));
    assertEquals(60, budget.usedBytes());
    assertTrue(budget.take(40));
    budget.giveBack(60);
    assertTrue(budget.take(60));
    assertEquals(100, budget.usedBytes());
  }
}
