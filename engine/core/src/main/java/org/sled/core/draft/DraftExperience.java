package org.sled.core.draft;

/**
 * What a device learnt with a draft model and a target: where its next client may begin. Immutable.
 *
 * @param drafts that were looked at, finite and not negative
 * @param acceptance the chance of a draft if all before it are right, 0 to 1
 * @param draftNanos time for one, ns, finite; 0: not known
 */
public record DraftExperience(double drafts, double acceptance, double draftNanos) {
  /** Of a device that knows nothing yet. */
  public static final DraftExperience NONE = new DraftExperience(0, 0, 0);

  /** Refuses what nobody can have learnt. */
  public DraftExperience {
    boolean isPossible =
        drafts >= 0
            && drafts < Double.POSITIVE_INFINITY
            && acceptance >= 0
            && acceptance <= 1
            && draftNanos >= 0
            && draftNanos < Double.POSITIVE_INFINITY;
    if (!isPossible) {
      throw new IllegalArgumentException(
          "drafts " + drafts + ", acceptance " + acceptance + ", draftNanos " + draftNanos);
    }
  }
}
