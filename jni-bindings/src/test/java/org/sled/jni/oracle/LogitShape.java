package org.sled.jni.oracle;

import java.util.Arrays;
import java.util.Random;

/** Kinds of logits, ordinary and hostile. */
enum LogitShape {
  GAUSSIAN {
    @Override
    float logit(int x, Random random) {
      return 3 * (float) random.nextGaussian();
    }
  },
  /** As a language model's that is sure. */
  PEAKED {
    @Override
    float logit(int x, Random random) {
      return (random.nextInt(50) == 0 ? 15 : -5) + 2 * (float) random.nextGaussian();
    }
  },
  FLAT {
    @Override
    float logit(int x, Random random) {
      return 7 + 1e-3f * (float) random.nextGaussian();
    }
  },
  /** Differences of a few units in the last place. */
  NEARLY_EQUAL {
    @Override
    float logit(int x, Random random) {
      return 1 + random.nextInt(9) * Math.ulp(1f);
    }
  },
  FEW_VALUES {
    @Override
    float logit(int x, Random random) {
      return random.nextInt(5) - 2;
    }
  },
  EQUAL {
    @Override
    float logit(int x, Random random) {
      return -3.25f;
    }
  },
  ASCENDING {
    @Override
    float logit(int x, Random random) {
      return x * 0.125f;
    }
  },
  /** Around where weights come to nothing. */
  STEEP {
    @Override
    float logit(int x, Random random) {
      return random.nextInt(4) == 0 ? 0 : -26 - 4 * random.nextFloat();
    }
  },
  ZEROS_OF_BOTH_SIGNS {
    @Override
    float logit(int x, Random random) {
      return random.nextBoolean() ? 0.0f : -0.0f;
    }
  },
  DENORMAL {
    @Override
    float logit(int x, Random random) {
      return Float.intBitsToFloat((random.nextInt() & 0x80000000) | random.nextInt(100));
    }
  },
  HUGE {
    @Override
    float logit(int x, Random random) {
      return random.nextInt(3) == 0 ? 1e30f : 1e30f * (float) random.nextGaussian();
    }
  },
  LARGEST_FLOATS {
    @Override
    float logit(int x, Random random) {
      return random.nextBoolean() ? Float.MAX_VALUE : -Float.MAX_VALUE;
    }
  },
  MOSTLY_MINUS_INFINITY {
    @Override
    float logit(int x, Random random) {
      return random.nextInt(10) == 0 ? random.nextFloat() : Float.NEGATIVE_INFINITY;
    }
  },
  ALL_MINUS_INFINITY {
    @Override
    float logit(int x, Random random) {
      return Float.NEGATIVE_INFINITY;
    }
  },
  SOME_PLUS_INFINITY {
    @Override
    float logit(int x, Random random) {
      return random.nextInt(20) == 0 ? Float.POSITIVE_INFINITY : random.nextFloat();
    }
  },
  SOME_NAN {
    @Override
    float logit(int x, Random random) {
      return random.nextInt(3) == 0 ? nan(random) : 2 * random.nextFloat();
    }
  },
  ALL_NAN {
    @Override
    float logit(int x, Random random) {
      return nan(random);
    }
  },
  ONE_IN_NAN {
    @Override
    float logit(int x, Random random) {
      return x == 0 ? random.nextFloat() : nan(random);
    }
  },
  /** Any bits: every magnitude, now and then an infinity or NaN. */
  ANY_BITS {
    @Override
    float logit(int x, Random random) {
      return Float.intBitsToFloat(random.nextInt());
    }
  },
  /** Any bits of moderate size: all exponents from 2^-20 to 2^8. */
  ANY_SCALE {
    @Override
    float logit(int x, Random random) {
      return Math.scalb(random.nextFloat() - 0.5f, random.nextInt(-19, 9));
    }
  },
  EVERYTHING {
    @Override
    float logit(int x, Random random) {
      LogitShape[] shapes = values();
      LogitShape shape = shapes[random.nextInt(shapes.length - 1)];
      return shape.logit(x, random);
    }
  };

  abstract float logit(int x, Random random);

  /** A row of this kind, always the same one for a seed. */
  final float[] row(int n, long seed) {
    Random random = new Random(seed);
    float[] row = new float[n];
    for (int x = 0; x < n; x++) {
      row[x] = logit(x, random);
    }
    return row;
  }

  private static float nan(Random random) {
    int[] bits = {0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff};
    return Float.intBitsToFloat(bits[random.nextInt(bits.length)]);
  }

  /** As Java source, to the bit; of a long row only the beginning. */
  static String source(float[] row) {
    StringBuilder text = new StringBuilder("{");
    for (float logit : Arrays.copyOf(row, Math.min(row.length, 300))) {
      text.append(text.length() > 1 ? ", " : "");
      if (Float.isNaN(logit)) {
        text.append("Float.intBitsToFloat(0x")
            .append(Integer.toHexString(Float.floatToRawIntBits(logit)))
            .append(')');
      } else if (Float.isInfinite(logit)) {
        text.append(logit > 0 ? "Float.POSITIVE_INFINITY" : "Float.NEGATIVE_INFINITY");
      } else {
        text.append(Float.toHexString(logit)).append('f');
      }
    }
    return text.append(row.length > 300 ? ", ... }" : "}").toString();
  }
}
