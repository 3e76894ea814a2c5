package org.sled.jni.oracle;

/** Ln and Exp as {@code native/SAMPLING.md} has them. Java's arithmetic is strict since 17. */
public final class SpecMath {
  private static final double LN2HI = Double.longBitsToDouble(0x3fe62e42fee00000L);
  private static final double LN2LO = Double.longBitsToDouble(0x3dea39ef35793c76L);
  private static final double LOG2E = Double.longBitsToDouble(0x3ff71547652b82feL);
  private static final double SQRT2 = Double.longBitsToDouble(0x3ff6a09e667f3bcdL);

  private SpecMath() {}

  /** The natural logarithm of a finite, normal number above 0. */
  public static double ln(double x) {
    if (!(x >= Double.MIN_NORMAL && x <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException("Ln(" + x + ")");
    }
    int e = Math.getExponent(x);
    double m = Math.scalb(x, -e);
    if (m >= SQRT2) {
      m = m / 2;
      e = e + 1;
    }
    double f = m - 1;
    double s = f / (2 + f);
    double z = s * s;
    double p = 1.0 / 21.0;
    for (int k = 9; k >= 0; k--) {
      p = p * z + 1.0 / (2 * k + 1);
    }
    return ((double) e * LN2LO + (2.0 * s) * p) + (double) e * LN2HI;
  }

  /** The exponential of a number that is not above 0; 0 below -29. */
  public static double exp(double d) {
    if (!(d <= 0)) {
      throw new IllegalArgumentException("Exp(" + d + ")");
    }
    if (d < -29) {
      return 0;
    }
    double n = Math.rint(d * LOG2E);
    double r = (d - n * LN2HI) - n * LN2LO;
    double p = 1.0 / factorial(11);
    for (int k = 10; k >= 0; k--) {
      p = p * r + 1.0 / factorial(k);
    }
    return Math.scalb(p, (int) n);
  }

  private static double factorial(int k) {
    long product = 1;
    for (int i = 2; i <= k; i++) {
      product *= i;
    }
    return product;
  }
}
