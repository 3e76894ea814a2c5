// The natives of org.sled.jni.NativeMemory: memory that Java reads and writes through a ByteBuffer, that has an
// address, and that is freed at a known time. The JDK offers no supported way to all three before Java 22.
#include <jni.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

extern "C" {

// null when there is no memory, or with a Java exception pending.
JNIEXPORT jobject JNICALL Java_org_sled_jni_NativeMemory_allocate0(JNIEnv *env, jclass, jint bytes) {
  // Cache lines: a slot of 64 bytes lies in one of them. aligned_alloc wants a multiple of the alignment.
  constexpr std::size_t alignment = 64;
  const std::size_t size = (static_cast<std::size_t>(bytes) + alignment - 1) / alignment * alignment;
  void *memory = std::aligned_alloc(alignment, size);
  if (memory == nullptr) {
    return nullptr;
  }
  std::memset(memory, 0, size);
  jobject buffer = env->NewDirectByteBuffer(memory, bytes);
  if (buffer == nullptr) {
    std::free(memory);
  }
  return buffer;
}

JNIEXPORT jlong JNICALL Java_org_sled_jni_NativeMemory_address0(JNIEnv *env, jclass, jobject buffer) {
  return reinterpret_cast<jlong>(env->GetDirectBufferAddress(buffer));
}

JNIEXPORT void JNICALL Java_org_sled_jni_NativeMemory_free0(JNIEnv *, jclass, jlong address) {
  std::free(reinterpret_cast<void *>(address));
}
}
