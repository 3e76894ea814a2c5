/*
 * sled.h: the native boundary of SLED.
 *
 * The only C ABI between the JVM and llama.cpp. It serves both ends of SLED:
 *
 *   - a server verifies blocks of draft tokens of many sessions in one step   (sled_engine_*, sled_step)
 *   - a device drafts tokens with a small model                              (sled_draft_*)
 *
 * and what both need: models, tokens, chat templates                        (sled_model_*, sled_tokenize, ...)
 *
 * Rules of the whole header
 * -------------------------
 * 1. Every function returns a status: SLED_OK (0) or one of the negative codes below. No exception and no abort
 *    crosses this boundary: handles, ids, positions, counts and sizes are checked before llama.cpp sees them.
 *    The text that belongs to the last failure *of the calling thread* is read with sled_last_error().
 * 2. Handles are opaque 64-bit numbers, never addresses, and are never given out twice: a closed or invented handle
 *    gives SLED_ERR_HANDLE. 0 is no handle.
 * 3. Buffers belong to the caller. A text result that does not fit gives SLED_ERR_CAPACITY and the size it needs.
 *    Texts are UTF-8, results are NUL-terminated, `*length` never counts the NUL.
 * 4. "Address" arguments (int64_t) point to memory of the calling process that stays valid during the call. They
 *    are numbers, not pointers, so that a JVM passes them without making an object.
 * 5. Everything is little-endian; this library refuses to load elsewhere.
 *
 * Threads
 * -------
 * Functions on models and the tokenizer may be called from any thread at any time. An engine, and likewise a draft,
 * is used by one thread at a time: a second thread that calls in at the same moment gets SLED_ERR_BUSY and nothing
 * happens. It need not always be the same thread.
 *
 * What survives an error
 * ----------------------
 *   status                  what state survives
 *   SLED_ERR_ARGUMENT       everything; nothing was done
 *   SLED_ERR_HANDLE         everything; nothing was done
 *   SLED_ERR_BUSY           everything; nothing was done (also: close of something that is in use)
 *   SLED_ERR_IO             everything; a file could not be opened, read or written
 *   SLED_ERR_FORMAT         everything; the file is not a model that this build can load
 *   SLED_ERR_MEMORY         everything; what was asked for does not fit. The text has the numbers
 *   SLED_ERR_UNSUPPORTED    everything; the model is sound, but this cannot be done with it or here
 *   SLED_ERR_CAPACITY       everything; call again with a larger buffer
 *   SLED_ERR_TOKEN          everything; a token id outside the vocabulary. Nothing was done
 *   SLED_ERR_SESSION        everything; no session has this id
 *   SLED_ERR_NO_SEQUENCE    everything; all sessions or all sequences are taken, this sequence is, or the session has none
 *   SLED_ERR_OFFSET         everything; position or count does not fit the session
 *   SLED_ERR_CONTEXT_FULL   everything; more tokens than the session's context holds
 *   SLED_ERR_DECODE         the computation failed. Engine: committed tokens of every session survive, the K/V of
 *                           the sessions of this step is dropped and computed again by later slots. Draft: the K/V
 *                           is dropped; call again from position 0
 *   SLED_ERR_INTERNAL       a bug; close the handle
 */
#ifndef SLED_H
#define SLED_H

#include <stdint.h>

#if defined(__GNUC__)
#define SLED_API __attribute__((visibility("default")))
#else
#define SLED_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ version and process-wide state ---------- */

/* Raised whenever a signature, a struct or the meaning of a field changes. */
#define SLED_ABI_VERSION 10

enum sled_status {
  SLED_OK = 0,
  SLED_ERR_ARGUMENT = -1,
  SLED_ERR_HANDLE = -2,
  SLED_ERR_BUSY = -3,
  SLED_ERR_IO = -4,
  SLED_ERR_FORMAT = -5,
  SLED_ERR_MEMORY = -6,
  SLED_ERR_UNSUPPORTED = -7,
  SLED_ERR_CAPACITY = -8,
  SLED_ERR_TOKEN = -9,
  SLED_ERR_SESSION = -10,
  SLED_ERR_NO_SEQUENCE = -11,
  SLED_ERR_OFFSET = -12,
  SLED_ERR_CONTEXT_FULL = -13,
  SLED_ERR_DECODE = -14,
  SLED_ERR_INTERNAL = -15
};

/* The ABI version this library was compiled with. Compare with SLED_ABI_VERSION before anything else. */
SLED_API int32_t sled_abi_version(void);

/* Structs of this header, for sled_struct_size(): a binding checks its own layout against the library's. */
enum sled_struct_id {
  SLED_STRUCT_MODEL_PARAMS = 1,
  SLED_STRUCT_MODEL_INFO = 2,
  SLED_STRUCT_ENGINE_PARAMS = 3,
  SLED_STRUCT_ENGINE_INFO = 4,
  SLED_STRUCT_MEMORY_PLAN = 5,
  SLED_STRUCT_SESSION_INFO = 6,
  SLED_STRUCT_SLOT = 7,
  SLED_STRUCT_STEP_STATS = 8,
  SLED_STRUCT_DRAFT_PARAMS = 9,
  SLED_STRUCT_DRAFT_CHOICE = 10,
  SLED_STRUCT_DEVICE_INFO = 11,
  SLED_STRUCT_SAMPLING = 12,
  SLED_STRUCT_GROW_PARAMS = 13,
  SLED_STRUCT_GROW_INFO = 14,
  SLED_STRUCT_CHAT_PARAMS = 15
};

/* sizeof of a struct in bytes; SLED_ERR_ARGUMENT for an unknown id. */
SLED_API int32_t sled_struct_size(int32_t struct_id);

/* Text of the calling thread's last failure ("" if none). Cut at capacity, never SLED_ERR_CAPACITY.
 * Returns the number of bytes written without the NUL. */
SLED_API int32_t sled_last_error(char *buffer, int32_t capacity);

/* The name of a status, e.g. "SLED_ERR_TOKEN". Static storage. */
SLED_API const char *sled_status_name(int32_t status);

/* Loads the compute backends (ggml's CPU variants, CUDA) from `directory` and picks the best CPU variant that this
 * processor can run. Call once before a model is opened; later calls with the same directory do nothing. A GPU
 * backend without a driver is skipped. Turns llama.cpp's CUDA graphs off, for the whole process (GGML_CUDA_DISABLE_GRAPHS),
 * unless SLED_CUDA_GRAPHS is set: see toolchains/README.md. SLED_ERR_IO when there is no usable CPU backend in the directory. */
SLED_API int32_t sled_backend_load(const char *directory);

/* One line for each backend library in that directory that cannot be used on this machine, with the reason (no driver, a
 * CUDA library is missing, no GPU); "" when all can be used. The same lines are logged as warnings when the backends are
 * loaded. */
SLED_API int32_t sled_backend_problems(char *buffer, int32_t capacity, int32_t *length);

/* Takes the oldest line that llama.cpp and ggml logged: they log into a bounded queue in this library (the oldest
 * lines are dropped when nobody reads), never to stdout or stderr. But where ggml ends the process, the errors that are
 * still in the queue go to stderr before. *level: 1 debug, 2 info, 3 warn, 4 error.
 * *length = -1 when the queue is empty. */
SLED_API int32_t sled_log_take(char *buffer, int32_t capacity, int32_t *length, int32_t *level);

/* "key=value" lines: sled version, llama.cpp commit, compiler, build type, sanitizer. */
SLED_API int32_t sled_build_info(char *buffer, int32_t capacity, int32_t *length);

/* Lets the calling thread give way: from now on it runs when nobody else on this machine wants to (Linux
 * SCHED_IDLE). For drafting beside a server, whose threads would otherwise wait for the end of a drafting thread's time
 * slice, milliseconds for each message. Undoing it takes privileges, so use it on threads of your own.
 * SLED_ERR_UNSUPPORTED when the system refuses. */
SLED_API int32_t sled_thread_give_way(void);

enum sled_device_type { SLED_DEVICE_CPU = 0, SLED_DEVICE_GPU = 1, SLED_DEVICE_OTHER = 2 };

typedef struct sled_device_info {
  int32_t type;              /*   0 enum sled_device_type */
  int32_t reserved;          /*   4 */
  int64_t memory_free_bytes; /*   8 */
  int64_t memory_total_bytes;/*  16 */
  char name[64];             /*  24 e.g. "CPU", "CUDA0" */
  char description[128];     /*  88 e.g. "AMD EPYC", "NVIDIA ..." */
  char backend[64];          /* 216 the library that serves it, e.g. "libggml-cpu-zen4.so" */
  char features[512];        /* 280 instruction sets in use, space separated, e.g. "AVX2 AVX512 BF16" */
} sled_device_info;          /* 792 bytes */

SLED_API int32_t sled_device_count(int32_t *count);
SLED_API int32_t sled_device_describe(int32_t index, sled_device_info *info);

/* cores: those that this thread may run on (its affinity mask). quota_millicores: what control groups (a container's
 * limit, systemd's CPUQuota) let this process have of them, in thousandths of a core; 0 = no limit. threads: what 0
 * threads in params stands for: as many as both allow, a quota rounded down, at least 1. Needs no backends. */
SLED_API int32_t sled_cpu_limits(int32_t *cores, int32_t *quota_millicores, int32_t *threads);

/* ------------------------------------------------------------------ models ---------------------------------- */

enum sled_model_flags {
  SLED_MODEL_MMAP = 1,       /* map the file instead of reading it */
  SLED_MODEL_MLOCK = 2,      /* keep it from being swapped out */
  SLED_MODEL_VOCAB_ONLY = 4, /* tokenizer and metadata alone; also for GGUF files that hold nothing else */
  SLED_MODEL_EXACT = 8,      /* for exact numerics: weights that are not exact once rearranged for this CPU stay as they
                                lie in the file; where both are, whichever is faster. It is tried out, with about 100
                                rows */
  SLED_MODEL_TRUSTED = 16    /* open it without trying it first: see sled_model_open */
};

typedef struct sled_model_params {
  int32_t struct_size; /*  0 sizeof(sled_model_params) */
  int32_t gpu_layers;  /*  4 layers on the GPU; -1 = all that there are. Ignored without a GPU backend */
  int32_t flags;       /*  8 enum sled_model_flags */
  int32_t reserved;    /* 12 */
} sled_model_params;   /* 16 bytes */

/* SLED_MODEL_MMAP, all layers on the GPU. */
SLED_API int32_t sled_model_params_default(sled_model_params *params);

/* Opens a GGUF file; of a split model ("name-00001-of-00003.gguf", split.count in the header) any part, the others beside
 * it. The header is checked against the file's size first, so that a truncated file is SLED_ERR_FORMAT.
 * Takes as long as reading the file takes.
 *
 * llama.cpp ends the process at some damaged files. So a file that was never opened on this machine is tried first in a
 * process of its own: sled-probe, which lies beside this library, does with it what serving and drafting do, on the CPU, with
 * a bound on time and memory, which takes a second or two. SLED_ERR_FORMAT with the cause where the process dies, hangs or
 * computes nothing usable. That a file passed is remembered in $XDG_CACHE_HOME/sled/tried or ~/.cache/sled/tried, by a
 * SHA-256 of its header, of samples of its weights, of this library's build and of the CPU; where that cannot be written,
 * as long as this process lives. Where sled-probe cannot be run, a warning is logged once and files are opened untried. */
SLED_API int32_t sled_model_open(const char *path, const sled_model_params *params, int64_t *model);

/* SLED_ERR_BUSY while an engine or draft made from it is open. */
SLED_API int32_t sled_model_close(int64_t model);

enum sled_model_info_flags {
  SLED_MODEL_INFO_VOCAB_ONLY = 1,
  SLED_MODEL_INFO_ADDS_BOS = 2,
  SLED_MODEL_INFO_RECURRENT = 4, /* state cannot be rolled back by position: not servable */
  SLED_MODEL_INFO_ENCODER = 8,   /* encoder, embedding or diffusion model: not servable */
  SLED_MODEL_INFO_HAS_TEMPLATE = 16,
  SLED_MODEL_INFO_ADDS_EOS = 32
};

/* The tokenizer fingerprint: equal ones turn the same text into the same ids and back. Each part is a 64-bit
 * FNV-1a hash, kept apart so that a mismatch can be named. Trailing padding rows ("unused" tokens) do not count. */
typedef struct sled_model_info {
  int32_t flags;                /*  0 enum sled_model_info_flags */
  int32_t vocabulary_rows;      /*  4 rows of the logits: ids are 0 <= id < vocabulary_rows */
  int32_t vocabulary_tokens;    /*  8 real tokens, without trailing padding rows */
  int32_t context_train_tokens; /* 12 the context the model was trained for */
  int32_t embedding_width;      /* 16 */
  int32_t layer_count;          /* 20 */
  int32_t bos_token;            /* 24 -1 = none; so too below */
  int32_t eos_token;            /* 28 */
  int32_t eot_token;            /* 32 */
  int32_t newline_token;        /* 36 */
  int64_t parameter_count;      /* 40 */
  int64_t weight_bytes;         /* 48 all tensors */
  int64_t tokens_hash;          /* 56 texts and types of the real tokens */
  int64_t merges_hash;          /* 64 BPE merges in order; for other tokenizers the scores */
  int64_t specials_hash;        /* 72 bos, eos, eot, ... and whether they are added */
  int64_t pretokenizer_hash;    /* 80 names of tokenizer model and pre-tokenizer, white space, characters map */
  int64_t weights_hash;         /* 88 metadata, tensor layout and samples of the tensor data: part of the numerics id;
                                      of a split model as of the whole one */
} sled_model_info;              /* 96 bytes */

SLED_API int32_t sled_model_describe(int64_t model, sled_model_info *info);

enum sled_model_text_id {
  SLED_TEXT_DESCRIPTION = 1,   /* e.g. "llama 8B Q4_K - Medium" */
  SLED_TEXT_ARCHITECTURE = 2,  /* e.g. "llama" */
  SLED_TEXT_NAME = 3,          /* general.name, may be "" */
  SLED_TEXT_CHAT_TEMPLATE = 4, /* Jinja source, "" if the model has none */
  SLED_TEXT_WEIGHT_TYPE = 5    /* e.g. "Q8_0" */
};

SLED_API int32_t sled_model_text(int64_t model, int32_t text_id, char *buffer, int32_t capacity, int32_t *length);

/* A model file's tokenizer as a GGUF file of its own, without weights and without the chat template: opened with
 * SLED_MODEL_VOCAB_ONLY it turns text into tokens and back as the model does, and has the model's fingerprint. Of a split
 * model any part may be named. Written to `capacity` bytes at buffer_address (0 if capacity is 0); *length is its size, also
 * with SLED_ERR_CAPACITY. No more than the header is read, and for a moment a few times its size of memory taken. Any
 * thread; no model is opened. */
SLED_API int32_t sled_model_vocabulary(const char *path, int64_t buffer_address, int64_t capacity, int64_t *length);

/* ------------------------------------------------------------------ model files for benchmarks --------------- */

/* Both functions below read a GGUF file and write another. The new one is written as "<out>.part" and renamed when it is
 * whole, so that `out` is never half a model; after an error the part is gone. A tensor is never in memory as a whole: 256
 * MiB are enough for models of any size. Free space on the disk is looked at first. What llama.cpp does with the file it does
 * in sled-probe (see sled_model_open), which may die of a damaged one: SLED_ERR_FORMAT with the cause. Any thread; no model
 * is opened. */
enum sled_output_flags {
  SLED_OUTPUT_REPLACE = 1 /* replace `out` if it exists, and a part that a killed process left behind */
};

/* Converts the weights of any model, of a split one all parts into one file, with llama.cpp's own quantiser.
 * weight_type: "f32", "f16", "bf16", "q8_0", "q6_k", "q5_k_m", "q5_k_s", "q5_1", "q5_0", "q4_k_m", "q4_k_s", "q4_1",
 * "q4_0", "iq4_nl", "iq4_xs", "q3_k_l", "q3_k_m", "q3_k_s" or "q2_k", upper or lower case; the mixed ones choose for each
 * tensor. Weights that are quantised already lose a little more. threads: 0 = see sled_cpu_limits(). flags: enum sled_output_flags.
 * SLED_ERR_ARGUMENT: no such type. SLED_ERR_IO: `out` exists, cannot be written, or does not fit on the disk. */
SLED_API int32_t sled_model_quantize(const char *in, const char *out, const char *weight_type, int32_t threads,
                                     int32_t flags);

typedef struct sled_grow_params {
  int32_t struct_size; /*  0 sizeof(sled_grow_params) */
  int32_t flags;       /*  4 enum sled_output_flags */
  int64_t parameters;  /*  8 wanted; not less than the model has */
  int32_t width;       /* 16 columns of the embedding: 4^k times those that there are; 0 = as they are */
  int32_t reserved;    /* 20 */
} sled_grow_params;    /* 24 bytes */

typedef struct sled_grow_info {
  int64_t parameters;             /*  0 reached */
  int64_t parameters_before;      /*  8 */
  int64_t file_bytes;             /* 16 */
  int32_t layers;                 /* 24 */
  int32_t layers_before;          /* 28 */
  int32_t feed_forward;           /* 32 neurons of each layer's FFN */
  int32_t feed_forward_before;    /* 36 */
  int32_t embedding_width;        /* 40 */
  int32_t embedding_width_before; /* 44 */
} sled_grow_info;                 /* 48 bytes */

/* Makes a model that costs as much to run as one with `parameters` parameters and says exactly what the small one says: a
 * target for benchmarks where no large one is at hand. It computes more and changes nothing:
 *
 *   - FFNs get more neurons: the gate and up rows of those that are there, over and over, with zeros in the down matrix
 *   - layers follow the last one: copies of the others, whose attention output and FFN down matrices are zero
 *   - with `width`, the embedding gets more columns, which stay 0. The heads of the attention stay as they are, and with
 *     them the K/V of a layer. Factor 4^k because the norms' weights and epsilon must be divided by 2^k and 4^k, which
 *     only powers of two are without rounding
 *
 * Every weight that was there keeps its type and, but for those divisions, its bits; convert them first
 * (sled_model_quantize) for another type. Not wider than 65,536 columns, and not where more depends on the width than the
 * embedding: llama, mistral3, granite and smollm3 can be widened, the other architectures cannot.
 *
 * Where the parameters go: up to 8 neurons for each of the embedding's columns in the layers that there are; then more
 * layers, at most 32 or 4 times as many, because each takes K/V; then up to 64 neurons for each column; then layers up to
 * 512. With another width: up to 3.5 neurons for each column; then layers up to 80, the proportions of real models; then
 * neurons and layers as before. The FFN's width becomes a multiple of 256. Of these shapes it is the first within 2 %, else
 * the nearest: *info says what was reached.
 *
 * out: NULL = only fill in *info. SLED_ERR_ARGUMENT: fewer parameters than the model has, or has with this width; a width
 * that it cannot have, with those that it can. SLED_ERR_UNSUPPORTED: more than it can grow to; a split file; not a chain of
 * attention and gate/up/down FFN of known tensors (mixtures of experts, other architectures), by name; an architecture
 * that cannot be widened. SLED_ERR_IO: as above. */
SLED_API int32_t sled_model_grow(const char *in, const char *out, const sled_grow_params *params, sled_grow_info *info);

/* ------------------------------------------------------------------ tokens and text ------------------------- */

/* Text -> ids. add_special: add BOS and the like where the model wants them. parse_special: "<|end|>" in the text
 * becomes the control token. On SLED_ERR_CAPACITY *count is the number of ids needed. */
SLED_API int32_t sled_tokenize(int64_t model, const char *text, int32_t text_bytes, int32_t add_special,
                               int32_t parse_special, int32_t *tokens, int32_t capacity, int32_t *count);

/* The bytes of one token as they continue a text. Not necessarily whole UTF-8 characters: append the bytes of
 * successive tokens, then decode (sled_utf8_complete_bytes says how far). render_special: control tokens give their
 * name instead of nothing. Not NUL-terminated. */
SLED_API int32_t sled_token_bytes(int64_t model, int32_t token, int32_t render_special, char *buffer,
                                  int32_t capacity, int32_t *length);

/* How many of the first `byte_count` bytes can be shown now: all but a last, incomplete but so far valid UTF-8
 * character (at most 3 bytes are held back). Broken bytes are not held back. */
SLED_API int32_t sled_utf8_complete_bytes(const char *bytes, int32_t byte_count, int32_t *complete);

/* 1 in *result if generation ends with this token, else 0. */
SLED_API int32_t sled_token_is_end(int64_t model, int32_t token, int32_t *result);

/* Which of `target`'s ids mean the same token in `draft`, so that the draft model can be fed with them and propose them. For
 * each of the target's real tokens (vocabulary_tokens of its sled_model_info) one byte at equal_address: 1 where the draft
 * has the id and spells it in the same bytes, control tokens by their names, else 0. Types, merges, pre-tokenizers and what
 * is put around a text do not count: they decide how a text is cut into ids, not what an id says. SLED_ERR_CAPACITY: fewer
 * than that many bytes. Takes some ten milliseconds for 150,000 tokens. Any thread. */
SLED_API int32_t sled_tokens_compare(int64_t target, int64_t draft, int64_t equal_address, int32_t capacity);

/* 1 in *result if this is a control token, such as "<|end|>", else 0: in a prompt it is no text, and where it is generated
 * it gives none. */
SLED_API int32_t sled_token_is_control(int64_t model, int32_t token, int32_t *result);

enum sled_chat_flags {
  SLED_CHAT_ASSISTANT = 1, /* up to where the assistant begins to speak */
  SLED_CHAT_ADDS_BOS = 2,  /* a prompt begins with bos_token: it is added unless the template writes it */
  SLED_CHAT_ADDS_EOS = 4   /* likewise for its end */
};

typedef struct sled_chat_params {
  int32_t struct_size;   /*  0 sizeof(sled_chat_params) */
  int32_t flags;         /*  4 enum sled_chat_flags */
  int32_t bos_token;     /*  8 of the model that the prompt is for, -1 = none; so too below */
  int32_t eos_token;     /* 12 */
  int64_t local_seconds; /* 16 the date and time that the template sees: those of a clock on the wall, in seconds since
                               1970-01-01T00:00 on that clock */
} sled_chat_params;      /* 24 bytes */

/* SLED_CHAT_ASSISTANT, what the model itself wants at the beginning and the end, and now. */
SLED_API int32_t sled_chat_params_default(int64_t model, sled_chat_params *params);

/* Renders messages with a chat template, as llama.cpp's server does, into a prompt: its text and its ids.
 *
 * chat_template: Jinja source; NULL or "" = the model's own. arguments: a JSON object with variables for the template, such
 * as {"enable_thinking": false}; NULL or "" = none (enable_thinking is true then). messages: role NUL content NUL role NUL
 * content NUL ..., message_count pairs in messages_bytes bytes. Where the template has no place for a system text, it
 * becomes the beginning of the message behind it.
 *
 * Control tokens come from the template alone. Where a message or an argument spells one, such as "<|end|>", its ids are
 * those of a text. All other ids are those of sled_tokenize() for the whole prompt with parse_special.
 *
 * *uses_time: 1 if another params->local_seconds would give another prompt. On SLED_ERR_CAPACITY *length and *token_count
 * are what is needed.
 *
 * Templates are programs from outside, so this runs in a process of its own (sled-template, beside libsled) with 3 s of
 * processor time, 256 MiB of memory and 16 MiB of prompt, a few more for large messages; it costs a few milliseconds.
 * SLED_ERR_UNSUPPORTED: no template, it refuses the messages (the text says why, in its own words, and what to leave out
 * if that helps), or it does not end within these bounds. SLED_ERR_IO: sled-template cannot be started. */
SLED_API int32_t sled_chat_render(int64_t model, const char *chat_template, const char *arguments, const char *messages,
                                  int32_t messages_bytes, int32_t message_count, const sled_chat_params *params,
                                  char *buffer, int32_t capacity, int32_t *length, int32_t *tokens,
                                  int32_t token_capacity, int32_t *token_count, int32_t *uses_time);

/* ------------------------------------------------------------------ sampling -------------------------------- */

#define SLED_MAX_LOGIT_BIASES 1024

typedef struct sled_logit_bias {
  int32_t token; /* 0 */
  float bias;    /* 4 added to its logit, -1000 to 1000 */
} sled_logit_bias; /* 8 bytes */

/* How a token is chosen from logits: SAMPLING.md beside this directory specifies it bit by bit. Server and device that
 * are given the same parameters draw the same noise for (seed, position, token). Copied by the calls that take it. */
typedef struct sled_sampling {
  int32_t struct_size;     /*  0 sizeof(sled_sampling) */
  float temperature;       /*  4 0 = greedy */
  int32_t top_k;           /*  8 0 = all */
  float top_p;             /* 12 1 = all */
  float min_p;             /* 16 0 = all */
  float repeat_penalty;    /* 20 0.01 to 100, 1 = none */
  float presence_penalty;  /* 24 -1000 to 1000, 0 = none */
  float frequency_penalty; /* 28 -1000 to 1000, 0 = none */
  int32_t penalty_last_n;  /* 32 tokens that penalties look back; -1 = the whole history */
  int32_t bias_count;      /* 36 at most SLED_MAX_LOGIT_BIASES */
  int64_t seed;            /* 40 */
  int64_t bias_address;    /* 48 bias_count sled_logit_bias, any alignment */
} sled_sampling;           /* 56 bytes */

/* Greedy, no penalties, no bias. */
SLED_API int32_t sled_sampling_default(sled_sampling *sampling);

/* Chooses a token from a row of logits without a model: for tests, and for whoever wants to look. `logit_count` floats
 * (any alignment, not changed), `history_count` int32 ids before this position (any alignment). *token: -1 if no logit
 * is above minus infinity. */
SLED_API int32_t sled_sample(int64_t logits_address, int32_t logit_count, int64_t history_address,
                             int32_t history_count, int64_t sampling_address, int32_t *token);

/* ------------------------------------------------------------------ the verify engine (server) --------------- */

/* What an engine promises about bits. */
enum sled_numerics {
  SLED_NUMERICS_AUTO = 0,  /* exact where that is possible, else (or with unified K/V) fast; sled_engine_info says which */
  SLED_NUMERICS_EXACT = 1, /* a row's bits do not depend on what else is in the batch; refused where not possible */
  SLED_NUMERICS_FAST = 2   /* any shape and kernel; now and then another token than the target's alone comes out */
};

/* K/V cache types */
enum sled_kv_type { SLED_KV_F16 = 0, SLED_KV_BF16 = 1, SLED_KV_F32 = 2, SLED_KV_Q8_0 = 3, SLED_KV_Q4_0 = 4 };

#define SLED_MAX_SEQUENCES 256
#define SLED_MAX_SESSIONS 65536

/* How the K/V cache is laid out. Either has context_tokens (and some for padding) for each sequence. */
enum sled_kv_layout {
  SLED_KV_LAYOUT_AUTO = 0,   /* split */
  SLED_KV_LAYOUT_SPLIT = 1,  /* each sequence has cells of its own. A pass takes sequences with consecutive ids and equally
                                many rows: others are padded, or take passes of their own */
  SLED_KV_LAYOUT_UNIFIED = 2 /* one set of cells for all. A pass takes any rows, which all look through the cells of all;
                                shared K/V is not copied. Fast numerics only: SLED_ERR_UNSUPPORTED with exact */
};

/* A block has fewer drafts than this. Rows of one sequence in one step, up to which a row's bits do not depend on its
 * neighbours with any of llama.cpp's attention kernels; engines may allow more (see NUMERICS.md beside this directory). */
#define SLED_MAX_EXACT_ROWS 63

/* A context holds this many tokens at least. */
#define SLED_MIN_CONTEXT_TOKENS 2

enum sled_engine_flags {
  SLED_ENGINE_PIN_THREADS = 1, /* each of its threads stays on a core of its own while it computes, the calling thread during
                                 sled_step alone. For machines that do nothing else: two engines would choose the same
                                 cores. SLED_ERR_ARGUMENT with more threads than cores */
  /* Whether the device that computes results leaves only the SLED_TOP_ROW largest logits of each row for those sessions
   * whose sampling needs no others: few bytes cross a GPU's bus then. Of logits equal to the last of them, which are left is
   * the device's choice, and it may not take a NaN for absent. Neither flag: as both on a GPU, as the second on a CPU. Both:
   * whatever takes less time when the engine opens. */
  SLED_ENGINE_TOP_ROWS = 2,  /* SLED_ERR_UNSUPPORTED where the device cannot, or the vocabulary has padding rows */
  SLED_ENGINE_WHOLE_ROWS = 4
};

/* Logits that SLED_ENGINE_TOP_ROWS leaves of a row: enough for greedy and top-k sampling, with a penalty window and top-k of so
 * many together, and penalties that lower logits; a logit bias, or no top-k above temperature 0, needs whole rows. */
#define SLED_TOP_ROW 128

typedef struct sled_engine_params {
  int32_t struct_size;     /*  0 sizeof(sled_engine_params) */
  int32_t sequence_count;  /*  4 sessions with K/V in the cache at a time, 1..SLED_MAX_SEQUENCES */
  int32_t context_tokens;  /*  8 per session, 0 = the model's (at most 4096) */
  int32_t threads;         /* 12 0 = see sled_cpu_limits() */
  int32_t pass_rows;       /* 16 rows in one pass over the weights at most (micro-batch), 0 = 512 */
  int32_t kv_type_k;       /* 20 enum sled_kv_type */
  int32_t kv_type_v;       /* 24 */
  int32_t numerics;        /* 28 enum sled_numerics */
  int32_t session_count;   /* 32 sessions that can be open, 0 = sequence_count; at most SLED_MAX_SESSIONS */
  int32_t kv_layout;       /* 36 enum sled_kv_layout */
  int32_t flags;           /* 40 enum sled_engine_flags */
  int32_t reserved;        /* 44 0 */
} sled_engine_params;      /* 48 bytes */

SLED_API int32_t sled_engine_params_default(sled_engine_params *params);

/* What an engine will take, in bytes. K/V that sled_session_detach saves in host memory is not in it: how much of that
 * there may be is the caller's affair, who knows it from sled_engine_info and sled_session_info. */
typedef struct sled_memory_plan {
  int64_t weight_bytes;     /*  0 */
  int64_t kv_bytes;         /*  8 all sequences */
  int64_t logits_bytes;     /* 16 result rows; four times that where they may be cut down to the largest logits */
  int64_t compute_bytes;    /* 24 scratch memory of a pass, estimated before, measured after opening */
  int64_t total_bytes;      /* 32 what opening the engine adds, with the weights if they are not mapped yet */
  int64_t available_bytes;  /* 40 free memory of the machine (or the container's limit) now */
  int64_t swap_bytes;       /* 48 free swap: listed, not counted on */
  int64_t device_kv_bytes;  /* 56 part of kv_bytes that lies on a GPU */
} sled_memory_plan;         /* 64 bytes */

SLED_API int32_t sled_engine_plan(int64_t model, const sled_engine_params *params, sled_memory_plan *plan);

/* Makes a context with flash attention for `sequence_count` sequences. SLED_ERR_MEMORY, with the plan's numbers,
 * when it will not fit; SLED_ERR_UNSUPPORTED for models whose state cannot be rolled back by position, and where exact
 * numerics is asked for and not possible: it is tried out here with a few rows, see numerics in ARCHITECTURE.md. */
SLED_API int32_t sled_engine_open(int64_t model, const sled_engine_params *params, int64_t *engine);

/* SLED_ERR_BUSY during a step of another thread. Closes all sessions. */
SLED_API int32_t sled_engine_close(int64_t engine);

typedef struct sled_engine_info {
  int32_t sequence_count;      /*  0 */
  int32_t sequences_in_use;    /*  4 sessions that are resident */
  int32_t context_tokens;      /*  8 per session; fewer than asked for by less than row_multiple where positions come from a
                                      table that ends there */
  int32_t threads;             /* 12 */
  int32_t pass_rows;           /* 16 */
  int32_t step_slots;          /* 20 slots that sled_step takes at most */
  int32_t numerics;            /* 24 SLED_NUMERICS_EXACT or SLED_NUMERICS_FAST */
  int32_t slot_rows;           /* 28 rows of one slot at most */
  int64_t numerics_id;         /* 32 exact engines with equal ids give equal bits */
  int32_t session_count;       /* 40 */
  int32_t sessions_in_use;     /* 44 that are open, resident or not */
  int32_t cells_per_sequence;  /* 48 K/V cells, at least context_tokens: the rest is for padding */
  int32_t kv_layout;           /* 52 enum sled_kv_layout, never AUTO */
  int32_t pass_cost_rows;      /* 56 rows that are held to cost as much as reading the weights once more */
  int32_t top_row;             /* 60 SLED_TOP_ROW, or 0: results are whole rows */
  int64_t saved_bytes;         /* 64 host memory that holds K/V of sessions which are not resident, all together */
  sled_memory_plan memory;     /* 72 as it came out */
  int32_t row_multiple;        /* 136 exact numerics: the rows of a pass, of all its sequences together, are a multiple of
                                      this, */
  int32_t row_least;           /* 140 and at least so many; steps are filled up with padding rows. 1 and 1: any count */
  int32_t as_in_file;          /* 144 1: the weights lie as in the file, since they are exact or faster so; 0: as llama.cpp
                                      has them by default, where it has a better order for this CPU in that */
  int32_t reserved;            /* 148 0 */
} sled_engine_info;            /* 152 bytes */

SLED_API int32_t sled_engine_describe(int64_t engine, sled_engine_info *info);

/* Says how many rows cost as much as reading all weights once more, 1 to 65536: with it steps are arranged in passes. It
 * depends on model and machine, and the caller can measure it; results do not depend on it. 0 = default: 8, a guess, which
 * is enough to choose between padding and another pass; only with a number that was given do sequences without a slot
 * take part with padding rows, where that saves a pass for those on both sides of them. */
SLED_API int32_t sled_engine_tune(int64_t engine, int32_t pass_cost_rows);

/* ---- sessions: each has committed tokens, sampling parameters of its own, and K/V for the first of its tokens. ----
 *
 * There may be more sessions than sequences of the K/V cache. A session is *resident* while it owns a sequence, and only
 * then it can take part in a step; its id has nothing to do with the sequence's number:
 *
 *     sled_session_open    not resident, no K/V
 *     sled_session_attach  resident; K/V that was saved is there again
 *     sled_session_detach  not resident; its K/V saved in host memory, or forgotten
 *
 * Where a session's K/V was in between makes no difference to its tokens. */

/* The position of a token is the number of tokens before it. */
enum sled_session_flags {
  SLED_SESSION_IGNORE_END = 1 /* an end-of-generation token is committed like any other */
};

/* Opens a session and gives it the lowest free id; it is not resident yet. prompt_address: `prompt_count` int32 ids (any
 * alignment), at least 1, less than the context. They become the committed tokens; nothing is computed yet: that is the
 * work of slots. max_new_tokens: commit at most so many tokens after the prompt; 0 = up to the context.
 * sampling_address: a sled_sampling, or 0 for greedy. SLED_ERR_NO_SEQUENCE: all session_count sessions are taken. */
SLED_API int32_t sled_session_open(int64_t engine, int64_t prompt_address, int32_t prompt_count,
                                   int32_t max_new_tokens, int32_t flags, int64_t sampling_address,
                                   int32_t *session);

/* Frees the session with its sequence and its K/V, wherever that is. */
SLED_API int32_t sled_session_close(int64_t engine, int32_t session);

/* Makes a session resident: gives it this sequence, or with -1 the lowest free one. K/V that sled_session_detach saved is
 * copied back bit for bit and its host memory freed; cached_tokens stays what it is. A session that is resident keeps its
 * sequence, whichever was asked for. SLED_ERR_ARGUMENT: no such sequence. SLED_ERR_NO_SEQUENCE: it is taken, or all are.
 * SLED_ERR_MEMORY: no memory to copy the K/V back; it stays saved. */
SLED_API int32_t sled_session_attach(int64_t engine, int32_t session, int32_t sequence);

/* Takes a session's sequence away; its committed tokens stay. keep = 1: its K/V is copied to host memory first, about as
 * many bytes as the cached tokens have in the cache (saved_bytes says how many). keep = 0: its K/V is forgotten, also what
 * was saved before; cached_tokens becomes 0. Does nothing else to a session that is not resident.
 * SLED_ERR_MEMORY: no memory for the copy. SLED_ERR_UNSUPPORTED: keep = 1 for a model with sliding windows, of whose K/V
 * llama.cpp saves the last window only. */
SLED_API int32_t sled_session_detach(int64_t engine, int32_t session, int32_t keep);

/* Lets `to` begin with the K/V of the first token_count tokens of `from`, instead of computing it. Both must have the same
 * first token_count committed tokens (SLED_ERR_ARGUMENT), `from` K/V for them, `to` K/V for fewer and at least one token
 * more (SLED_ERR_OFFSET). cached_tokens of `to` becomes token_count; the K/V that it had, also saved, is dropped.
 *
 *   move = 1    `from` must be resident (SLED_ERR_NO_SEQUENCE) and `to` not (SLED_ERR_ARGUMENT): `to` takes over the
 *               sequence, nothing is copied, and `from` is not resident then and has no K/V
 *   move = 0    `to` must be resident (SLED_ERR_NO_SEQUENCE); the K/V is copied, out of the cache or out of where `from`
 *               was saved, which takes time and for a moment memory for all cached tokens of `from`. `from` stays as it
 *               is. SLED_ERR_MEMORY, SLED_ERR_UNSUPPORTED: as for sled_session_detach; after SLED_ERR_MEMORY `to` may
 *               have no K/V. With unified K/V nothing is copied if `from` is resident */
SLED_API int32_t sled_session_share(int64_t engine, int32_t to, int32_t from, int32_t token_count, int32_t move);

enum sled_finish {
  SLED_FINISH_NONE = 0,
  SLED_FINISH_STOP = 1,    /* the newest committed token ends the generation */
  SLED_FINISH_LENGTH = 2,  /* max_new_tokens reached */
  SLED_FINISH_CONTEXT = 3  /* the context is full */
};

typedef struct sled_session_info {
  int32_t session;          /*  0 */
  int32_t sequence;         /*  4 -1 = not resident */
  int32_t prompt_tokens;    /*  8 */
  int32_t committed_tokens; /* 12 C: prompt plus emitted */
  int32_t cached_tokens;    /* 16 positions 0..cached-1 have K/V, in the cache or saved; at most C-1 */
  int32_t limit_tokens;     /* 20 C will not grow beyond this */
  int32_t finish;           /* 24 enum sled_finish */
  int32_t reserved;         /* 28 */
  int64_t saved_bytes;      /* 32 host memory that holds its K/V, 0 = none */
} sled_session_info;        /* 40 bytes */

SLED_API int32_t sled_session_describe(int64_t engine, int32_t session, sled_session_info *info);

/* Copies committed tokens from..from+count-1 to the address. */
SLED_API int32_t sled_session_tokens(int64_t engine, int32_t session, int32_t from, int32_t count,
                                     int64_t tokens_address);

/* Forgets K/V from position `cached_tokens` on (0 = all), also where it is saved (host memory is freed with the last of
 * it); the committed tokens stay. Later slots compute it again, with the same bits. */
SLED_API int32_t sled_session_evict(int64_t engine, int32_t session, int32_t cached_tokens);

/* One session's part of a step. Input is written by the caller, the verdict by the library, in place.
 *
 * The rows of a slot are `lead_count` committed tokens from position kv_offset on, then `draft_count` draft tokens:
 *
 *     prefill chunk     lead_count = n, draft_count = 0, kv_offset + n < C    no verdict, only K/V
 *     last chunk        lead_count = n, draft_count = 0, kv_offset + n = C    verdict: one new token
 *     block             lead_count = 1, draft_count = k, kv_offset = C - 1    verdict: up to k + 1 new tokens
 *     push (no drafts)  lead_count = 1, draft_count = 0, kv_offset = C - 1    verdict: one new token
 *
 * The session must be resident (SLED_ERR_NO_SEQUENCE). kv_offset must be its cached_tokens, lead_count at least 1, drafts
 * only where the lead ends at C, and lead_count + draft_count at most the engine's slot_rows, less than SLED_MAX_EXACT_ROWS
 * of them drafts. */
typedef struct sled_slot {
  int32_t session;        /*  0 in  */
  int32_t kv_offset;      /*  4 in  position of the first row */
  int32_t lead_count;     /*  8 in  */
  int32_t draft_count;    /* 12 in  */
  int64_t tokens_address; /* 16 in  draft_count int32 ids, any alignment; ignored if there are none */
  int32_t status;         /* 24 out SLED_OK, or why this slot was left out of the step */
  int32_t verified;       /* 28 out drafts that were looked at: accepted, plus one if a draft was wrong. Fewer than
                                    draft_count also where the generation ends: its last token is next_token */
  int32_t accepted;       /* 32 out drafts (or guesses) that equal the target's choice, from the first on */
  int32_t next_token;     /* 36 out the target's own token after them; -1 = none (a prefill chunk's) */
  int32_t committed;      /* 40 out C afterwards: with a verdict, accepted + 1 more */
  int32_t finish;         /* 44 out enum sled_finish */
  int32_t first_row;      /* 48 out index of the slot's first row in the step, for diagnosis */
  int32_t row_count;      /* 52 out rows computed, padding included */
  int32_t guess_count;    /* 56 in  without drafts, with a verdict: rows with which a pass is filled up anyway may hold guesses
                                    of this library, looked up in the session's own text, at most so many. They are
                                    verified like drafts; accepted and verified count them, and sled_session_tokens
                                    tells which they were */
  int32_t reserved;       /* 60 untouched */
} sled_slot;              /* 64 bytes */

typedef struct sled_step_stats {
  int64_t decode_ns;   /*  0 time in llama_decode */
  int64_t sampling_ns; /*  8 time for choosing tokens from logits and acceptance */
  int64_t total_ns;    /* 16 whole call */
  int32_t passes;      /* 24 passes over the weights (micro-batches) */
  int32_t rows;        /* 28 rows computed, padding included, even of sequences without a slot */
  int32_t useful_rows; /* 32 without padding */
  int32_t slots;       /* 36 slots that took part */
} sled_step_stats;     /* 40 bytes */

/* One step: verifies all blocks and prefill chunks in as few passes over the weights as their shapes allow.
 * slots_address: slot_count contiguous sled_slot; at most one slot per session. stats_address: a sled_step_stats
 * or 0. A slot with wrong contents is left out, its `status` says why, and the others are not disturbed; the call
 * then still returns SLED_OK. SLED_ERR_DECODE, SLED_ERR_MEMORY: no slot of the step took effect; cached_tokens says which
 * sessions have lost their K/V. */
SLED_API int32_t sled_step(int64_t engine, int64_t slots_address, int32_t slot_count, int64_t stats_address);

/* ------------------------------------------------------------------ the draft context (device) --------------- */

enum sled_draft_flags {
  SLED_DRAFT_EXACT = 1 /* rows as exact as an exact engine's, so that the same model on both sides makes the same choices;
                          SLED_ERR_UNSUPPORTED where not possible */
};

typedef struct sled_draft_params {
  int32_t struct_size;    /*  0 sizeof(sled_draft_params) */
  int32_t context_tokens; /*  4 0 = the model's (at most 4096) */
  int32_t threads;        /*  8 0 = see sled_cpu_limits() */
  int32_t kv_type_k;      /* 12 enum sled_kv_type */
  int32_t kv_type_v;      /* 16 */
  int32_t flags;          /* 20 enum sled_draft_flags */
} sled_draft_params;      /* 24 bytes */

SLED_API int32_t sled_draft_params_default(sled_draft_params *params);

SLED_API int32_t sled_draft_open(int64_t model, const sled_draft_params *params, int64_t *draft);
SLED_API int32_t sled_draft_close(int64_t draft);

/* From now on this draft chooses with these parameters, over its own model's logits; at first it is greedy. Equal
 * parameters and seed on the server's side make equal choices as likely as can be. sampling_address: as in
 * sled_session_open. */
SLED_API int32_t sled_draft_sample(int64_t draft, int64_t sampling_address);

/* The draft model's choice for the next position. Probabilities are those of the distribution that it was drawn from:
 * filtered, at its temperature; at temperature 0 the softmax at temperature 1. */
typedef struct sled_draft_choice {
  int32_t token;       /*  0 -1: no logit is a usable number */
  int32_t cached;      /*  4 positions 0..cached-1 have K/V now */
  float probability;   /*  8 of that token */
  float margin;        /* 12 its probability minus that of the likeliest other */
  float entropy;       /* 16 of the distribution, nats */
  int32_t reserved;    /* 20 */
  int64_t decode_ns;   /* 24 time in llama_decode */
} sled_draft_choice;   /* 32 bytes */

/* Rolls the K/V back to `position` (0 <= position <= cached), decodes `token_count` (>= 1) ids there, and writes the
 * choice for position + token_count. So a catch-up of several tokens, a single drafting step (the token just chosen,
 * at the position it stands at) and a rollback are all this one call. tokens_address: int32 ids, any alignment. */
SLED_API int32_t sled_draft_decode(int64_t draft, int32_t position, int64_t tokens_address, int32_t token_count,
                                   int64_t choice_address);

#ifdef __cplusplus
}
#endif
#endif /* SLED_H */
