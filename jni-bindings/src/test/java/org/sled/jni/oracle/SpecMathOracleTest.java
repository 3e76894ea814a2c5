package org.sled.jni.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Ln and Exp against {@link StrictMath}, which is right to within one unit in the last place. */
class SpecMathOracleTest {
  private static final double TOLERANCE = 1e-14;

  private final Random random = new Random(1);

  @Test
  void theConstantsAreWhatTheirNamesSay() {
    double high = Double.longBitsToDouble(0x3fe62e42fee00000L);
    double low = Double.longBitsToDouble(0x3dea39ef35793c76L);
    assertEquals(Math.log(2), high + low);
    // 32 bits of the significand: products with small whole numbers are exact.
    assertEquals(0, Double.doubleToLongBits(high) & ((1L << 21) - 1));
    assertEquals(Math.sqrt(2), Double.longBitsToDouble(0x3ff6a09e667f3bcdL));
    assertEquals(1 / Math.log(2), Double.longBitsToDouble(0x3ff71547652b82feL));
  }

  /** What the noise takes it of first: u, from 2^-53 to 1 - 2^-53. */
  @Test
  void lnIsAccurateForUniformNumbers() {
    for (long v = 0; v < 2000; v++) {
      checkLn(CoupledSampling.uniform(v));
      checkLn(CoupledSampling.uniform((1L << 52) - 1 - v));
      checkLn(CoupledSampling.uniform((1L << 51) - 1000 + v));
    }
    for (int i = 0; i < 200_000; i++) {
      checkLn(CoupledSampling.uniform(random.nextLong() >>> 12));
    }
  }

  /** What it takes it of next: -Ln(u), from 2^-53 to 36.8; and min-p, down to the least float. */
  @Test
  void lnIsAccurateForWhatFollows() {
    for (int i = 0; i < 200_000; i++) {
      checkLn(-SpecMath.ln(CoupledSampling.uniform(random.nextLong() >>> 12)));
      checkLn(Math.scalb(1 + random.nextDouble(), random.nextInt(-160, 7)));
    }
    checkLn(Float.MIN_VALUE);
    checkLn(Float.MIN_NORMAL);
    checkLn(1e-30f);
    checkLn(Math.nextDown(1f));
  }

  @Test
  void lnIsAccurateAroundItsSeams() {
    for (int e = -60; e <= 6; e++) {
      for (double seam : new double[] {1, Math.sqrt(2)}) {
        double x = Math.scalb(seam, e);
        double below = x;
        double above = x;
        for (int i = 0; i < 50; i++) {
          checkLn(below);
          checkLn(above);
          below = Math.nextDown(below);
          above = Math.nextUp(above);
        }
      }
    }
    assertEquals(0, SpecMath.ln(1));
    checkLn(Double.MIN_NORMAL);
    checkLn(Double.MAX_VALUE);
  }

  @Test
  void lnHasADomain() {
    for (double x : new double[] {0, -0.0, -1, Double.MIN_VALUE, Double.NaN}) {
      assertThrows(IllegalArgumentException.class, () -> SpecMath.ln(x));
    }
    assertThrows(IllegalArgumentException.class, () -> SpecMath.ln(Double.POSITIVE_INFINITY));
  }

  @Test
  void expIsAccurate() {
    for (int i = 0; i < 400_000; i++) {
      checkExp(-29 * random.nextDouble());
      checkExp(-Math.scalb(1 + random.nextDouble(), random.nextInt(-60, 4)));
    }
    for (int i = 0; i <= 2 * 41; i++) { // the middles between powers of two, where n jumps
      double seam = -i / 2.0 * Math.log(2);
      checkExp(seam);
      checkExp(Math.min(0, Math.nextUp(seam)));
      checkExp(Math.nextDown(seam));
    }
    checkExp(-29);
  }

  @Test
  void expEnds() {
    assertEquals(1, SpecMath.exp(0));
    assertEquals(1, SpecMath.exp(-0.0));
    assertTrue(SpecMath.exp(-29) > 0);
    assertEquals(0, SpecMath.exp(Math.nextDown(-29.0)));
    assertEquals(0, SpecMath.exp(-6.8e38));
    assertTrue(0x1p40 * SpecMath.exp(-29) < 0.5);
    assertThrows(IllegalArgumentException.class, () -> SpecMath.exp(1e-300));
    assertThrows(IllegalArgumentException.class, () -> SpecMath.exp(Double.NaN));
  }

  private static void checkLn(double x) {
    check(StrictMath.log(x), SpecMath.ln(x), "Ln", x);
  }

  private static void checkExp(double d) {
    check(StrictMath.exp(d), SpecMath.exp(d), "Exp", d);
  }

  private static void check(double right, double is, String function, double argument) {
    double error = right == 0 ? Math.abs(is) : Math.abs(is / right - 1);
    assertTrue(error < TOLERANCE, () -> function + "(" + argument + ") is off by " + error);
  }
}
