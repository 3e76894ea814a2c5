package org.sled.bench.energy;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What a meter's joules contain, and so what they may be added to. */
public enum MeterScope {
  /** All that the board draws; whatever else is measured is inside. */
  BOARD,
  /**
   * RAPL's psys: what the maker of the board wired to it, from the processor alone to the whole
   * computer. Nobody can say whether a GPU is inside, so it is added to nothing.
   */
  PLATFORM,
  /** One part of the machine that no other component contains: a CPU package, its DRAM, a GPU. */
  COMPONENT,
  /** Inside a component or the board. */
  PART,
  /** Not known to be inside of anything, nor to be outside. */
  UNKNOWN;

  private static final Set<MeterScope> ALWAYS_ON = EnumSet.of(BOARD, PLATFORM, COMPONENT);

  /** Whether 0 joules can only mean that the meter does not work; a part may be switched off. */
  boolean alwaysDraws() {
    return ALWAYS_ON.contains(this);
  }

  /**
   * The meters that make up a machine's total: the board's if there is one, else all components,
   * else the platform's. Components go before the platform, because they mean the same on every
   * machine.
   */
  static List<EnergyMeter> counted(List<EnergyMeter> meters) {
    return meters.stream()
        .filter(is(BOARD))
        .findFirst() // a second one might measure the same supply once more
        .map(List::of)
        .orElseGet(() -> componentsOrPlatform(meters));
  }

  private static List<EnergyMeter> componentsOrPlatform(List<EnergyMeter> meters) {
    List<EnergyMeter> components =
        meters.stream().filter(is(COMPONENT)).collect(Collectors.toUnmodifiableList());
    return components.isEmpty()
        ? meters.stream().filter(is(PLATFORM)).limit(1).toList()
        : components;
  }

  private static Predicate<EnergyMeter> is(MeterScope scope) {
    return meter -> meter.scope() == scope;
  }
}
