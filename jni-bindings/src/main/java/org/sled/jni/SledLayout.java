package org.sled.jni;

/**
 * Sizes and field offsets, in bytes, of the structs of {@code sled.h} that only cold calls use. The
 * hot ones are in {@link VerifySlots}, {@link StepStats} and {@link DraftChoice}. {@link
 * SledLibrary} checks every size against the library's.
 */
final class SledLayout {
  private SledLayout() {}

  static final class ModelParamsStruct {
    static final int SIZE = 16;
    static final int STRUCT_SIZE = 0;
    static final int GPU_LAYERS = 4;
    static final int FLAGS = 8;

    private ModelParamsStruct() {}
  }

  static final class ModelInfoStruct {
    static final int SIZE = 96;
    static final int FLAGS = 0;
    static final int VOCABULARY_ROWS = 4;
    static final int VOCABULARY_TOKENS = 8;
    static final int CONTEXT_TRAIN_TOKENS = 12;
    static final int EMBEDDING_WIDTH = 16;
    static final int LAYER_COUNT = 20;
    static final int BOS_TOKEN = 24;
    static final int EOS_TOKEN = 28;
    static final int EOT_TOKEN = 32;
    static final int NEWLINE_TOKEN = 36;
    static final int PARAMETER_COUNT = 40;
    static final int WEIGHT_BYTES = 48;
    static final int TOKENS_HASH = 56;
    static final int MERGES_HASH = 64;
    static final int SPECIALS_HASH = 72;
    static final int PRETOKENIZER_HASH = 80;
    static final int WEIGHTS_HASH = 88;

    private ModelInfoStruct() {}
  }

  static final class ChatParamsStruct {
    static final int SIZE = 24;
    static final int STRUCT_SIZE = 0;
    static final int FLAGS = 4;
    static final int BOS_TOKEN = 8;
    static final int EOS_TOKEN = 12;
    static final int LOCAL_SECONDS = 16;

    private ChatParamsStruct() {}
  }

  static final class EngineParamsStruct {
    static final int SIZE = 48;
    static final int STRUCT_SIZE = 0;
    static final int SEQUENCE_COUNT = 4;
    static final int CONTEXT_TOKENS = 8;
    static final int THREADS = 12;
    static final int PASS_ROWS = 16;
    static final int KV_TYPE_K = 20;
    static final int KV_TYPE_V = 24;
    static final int NUMERICS = 28;
    static final int SESSION_COUNT = 32;
    static final int KV_LAYOUT = 36;
    static final int FLAGS = 40;

    private EngineParamsStruct() {}
  }

  static final class EngineInfoStruct {
    static final int SIZE = 152;
    static final int SEQUENCE_COUNT = 0;
    static final int SEQUENCES_IN_USE = 4;
    static final int CONTEXT_TOKENS = 8;
    static final int THREADS = 12;
    static final int PASS_ROWS = 16;
    static final int STEP_SLOTS = 20;
    static final int NUMERICS = 24;
    static final int SLOT_ROWS = 28;
    static final int NUMERICS_ID = 32;
    static final int SESSION_COUNT = 40;
    static final int SESSIONS_IN_USE = 44;
    static final int CELLS_PER_SEQUENCE = 48;
    static final int KV_LAYOUT = 52;
    static final int PASS_COST_ROWS = 56;
    static final int TOP_ROW = 60;
    static final int SAVED_BYTES = 64;
    static final int MEMORY = 72;
    static final int ROW_MULTIPLE = 136;
    static final int ROW_LEAST = 140;
    static final int AS_IN_FILE = 144;

    private EngineInfoStruct() {}
  }

  static final class MemoryPlanStruct {
    static final int SIZE = 64;
    static final int WEIGHT_BYTES = 0;
    static final int KV_BYTES = 8;
    static final int LOGITS_BYTES = 16;
    static final int COMPUTE_BYTES = 24;
    static final int TOTAL_BYTES = 32;
    static final int AVAILABLE_BYTES = 40;
    static final int SWAP_BYTES = 48;
    static final int DEVICE_KV_BYTES = 56;

    private MemoryPlanStruct() {}
  }

  static final class SessionInfoStruct {
    static final int SIZE = 40;
    static final int SESSION = 0;
    static final int SEQUENCE = 4;
    static final int PROMPT_TOKENS = 8;
    static final int COMMITTED_TOKENS = 12;
    static final int CACHED_TOKENS = 16;
    static final int LIMIT_TOKENS = 20;
    static final int FINISH = 24;
    static final int SAVED_BYTES = 32;

    private SessionInfoStruct() {}
  }

  static final class DraftParamsStruct {
    static final int SIZE = 24;
    static final int STRUCT_SIZE = 0;
    static final int CONTEXT_TOKENS = 4;
    static final int THREADS = 8;
    static final int KV_TYPE_K = 12;
    static final int KV_TYPE_V = 16;
    static final int FLAGS = 20;

    private DraftParamsStruct() {}
  }

  static final class SamplingStruct {
    static final int SIZE = 56;
    static final int STRUCT_SIZE = 0;
    static final int TEMPERATURE = 4;
    static final int TOP_K = 8;
    static final int TOP_P = 12;
    static final int MIN_P = 16;
    static final int REPEAT_PENALTY = 20;
    static final int PRESENCE_PENALTY = 24;
    static final int FREQUENCY_PENALTY = 28;
    static final int PENALTY_LAST_N = 32;
    static final int BIAS_COUNT = 36;
    static final int SEED = 40;
    static final int BIAS_ADDRESS = 48;
    static final int BIAS_SIZE = 8;

    private SamplingStruct() {}
  }

  static final class DeviceInfoStruct {
    static final int SIZE = 792;
    static final int TYPE = 0;
    static final int MEMORY_FREE_BYTES = 8;
    static final int MEMORY_TOTAL_BYTES = 16;
    static final int NAME = 24;
    static final int NAME_CAPACITY = 64;
    static final int DESCRIPTION = 88;
    static final int DESCRIPTION_CAPACITY = 128;
    static final int BACKEND = 216;
    static final int BACKEND_CAPACITY = 64;
    static final int FEATURES = 280;
    static final int FEATURES_CAPACITY = 512;

    private DeviceInfoStruct() {}
  }

  static final class GrowParamsStruct {
    static final int SIZE = 24;
    static final int STRUCT_SIZE = 0;
    static final int FLAGS = 4;
    static final int PARAMETERS = 8;
    static final int WIDTH = 16;

    private GrowParamsStruct() {}
  }

  static final class GrowInfoStruct {
    static final int SIZE = 48;
    static final int PARAMETERS = 0;
    static final int PARAMETERS_BEFORE = 8;
    static final int FILE_BYTES = 16;
    static final int LAYERS = 24;
    static final int LAYERS_BEFORE = 28;
    static final int FEED_FORWARD = 32;
    static final int FEED_FORWARD_BEFORE = 36;
    static final int EMBEDDING_WIDTH = 40;
    static final int EMBEDDING_WIDTH_BEFORE = 44;

    private GrowInfoStruct() {}
  }
}
