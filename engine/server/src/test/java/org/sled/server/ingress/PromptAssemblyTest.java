package org.sled.server.ingress;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.sled.net.limit.ByteBudget;
import org.sled.net.protocol.FrameType;
import org.sled.net.protocol.TokenIds;
import org.sled.server.ingress.PromptAssembly.Added;

final class PromptAssemblyTest {
  private static final TokenIds TEN = TokenIds.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);

  private final ByteBudget budget = new ByteBudget(400);

  private static Added add(PromptAssembly assembly, int total, boolean more) {
    return assembly.add(FrameType.OPEN, TEN, total, more);
  }

  @Test
  void takesMemoryForWhatHasCome() {
    PromptAssembly assembly = new PromptAssembly(FrameType.OPEN, 1_000_000, budget);
    assertEquals(0, budget.usedBytes());
    assertEquals(Added.MORE, add(assembly, 1_000_000, true));
    assertEquals(40, budget.usedBytes());
    assertEquals(Added.MORE, add(assembly, 1_000_000, true));
    assertEquals(Added.MORE, add(assembly, 1_000_000, true));
    assertEquals(160, budget.usedBytes());
    assembly.close();
    assertEquals(0, budget.usedBytes());
  }

  @Test
  void allOfThemShareABudget() {
    PromptAssembly first = new PromptAssembly(FrameType.OPEN, 80, budget);
    for (int chunk = 0; chunk < 7; chunk++) {
      assertEquals(Added.MORE, add(first, 80, true));
    }
    PromptAssembly second = new PromptAssembly(FrameType.OPEN, 80, budget);
    assertEquals(Added.MORE, add(second, 80, true));
    assertEquals(Added.MORE, add(second, 80, true));
    assertEquals(Added.NO_ROOM, add(second, 80, true));
    second.close();
    assertEquals(Added.WHOLE, add(first, 80, false));
    assertEquals(80, first.prompt().count());
    assertEquals(9, first.prompt().id(79));
    first.close();
    assertEquals(0, budget.usedBytes());
  }

  @Test
  void refusesWhatDoesNotAddUp() {
    PromptAssembly assembly = new PromptAssembly(FrameType.OPEN, 15, budget);
    assertEquals(Added.WRONG, add(assembly, 15, false));
    assertEquals(Added.WRONG, add(assembly, 16, true));
    assertEquals(Added.WRONG, assembly.add(FrameType.RESUME, TEN, 15, true));
    assertEquals(Added.MORE, add(assembly, 15, true));
    assertEquals(Added.WRONG, add(assembly, 15, false));
    PromptAssembly exact = new PromptAssembly(FrameType.OPEN, 10, budget);
    assertEquals(Added.WRONG, add(exact, 10, true));
    assertEquals(Added.WHOLE, add(exact, 10, false));
  }
}
