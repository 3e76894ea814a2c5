// sled-probe: what libsled starts to try a model file in a process of its own. All that it does is in libsled.
extern "C" int sled_probe_main(int argc, char **argv);

int main(int argc, char **argv) { return sled_probe_main(argc, argv); }
