// Weight types of GGUF files: converting into them, and telling what a file holds.
#pragma once

#include <map>
#include <string>

namespace numerics {

std::string upper_case(std::string text);  // llama.cpp writes type names in either case

bool is_convertible(const std::string &type);
std::string convertible_types();  // for people

// All matrices get the type, wherever llama.cpp can: a row that is no multiple of the type's block gets another one.
void convert_weights(const std::string &from, const std::string &to, const std::string &type);

// How many matrices of a file have which type; norms and biases are always F32.
std::map<std::string, int> matrix_types(const std::string &path);

}  // namespace numerics
