package org.sled.bench.load;

import java.util.List;

/**
 * What is asked for: templates of requests that repeat, in order. Request n is template n modulo
 * their number. Immutable.
 *
 * @param templates at least one; their numbers do not matter
 */
public record Workload(List<BenchRequest> templates) {
  /** Refuses an empty one. */
  public Workload {
    templates = List.copyOf(templates);
    if (templates.isEmpty()) {
      throw new IllegalArgumentException("a workload needs at least one prompt");
    }
  }

  /** The request of this number. */
  public BenchRequest request(int number) {
    BenchRequest template = templates.get(number % templates.size());
    return new BenchRequest(
        number,
        template.promptNumber(),
        template.prompt(),
        template.maxTokens(),
        template.ignoreEnd(),
        template.sampling());
  }
}
