#include "synth/vocabulary.h"

namespace continuum::synth {
namespace {

using sv = std::string_view;

constexpr Measure kBloodCountTests[] = {
    {"718-7", "Haemoglobin, mass per volume of blood", "g/L", "g/L", 0, 138, 14, 115, 165},
    {"6690-2", "White cells in blood", "10*9/L", "10*9/L", 1, 72, 22, 40, 110},
    {"777-3", "Platelets in blood", "10*9/L", "10*9/L", 0, 260, 70, 150, 450},
    {"787-2", "Mean cell volume", "fL", "fL", 1, 900, 55, 800, 1000},
};
constexpr Measure kRenalTests[] = {
    {"2951-2", "Sodium in serum or plasma", "mmol/L", "mmol/L", 0, 139, 4, 133, 146},
    {"2823-3", "Potassium in serum or plasma", "mmol/L", "mmol/L", 1, 43, 5, 35, 53},
    {"14682-9", "Creatinine in serum or plasma", "umol/L", "umol/L", 0, 80, 22, 50, 110},
    {"22664-7", "Urea in serum or plasma", "mmol/L", "mmol/L", 1, 54, 18, 25, 78},
    {"33914-3", "Estimated glomerular filtration rate", "mL/min/{1.73_m2}", "mL/min/{1.73_m2}", 0,
     78, 17, 60, 120},
};
constexpr Measure kLipidTests[] = {
    {"14647-2", "Total cholesterol", "mmol/L", "mmol/L", 2, 495, 95, 250, 500},
    {"14646-4", "HDL cholesterol", "mmol/L", "mmol/L", 2, 140, 35, 100, 230},
    {"14927-8", "Triglycerides", "mmol/L", "mmol/L", 2, 150, 60, 50, 170},
};
constexpr Measure kGlycatedTests[] = {
    {"59261-8", "Haemoglobin A1c, IFCC", "mmol/mol", "mmol/mol", 0, 47, 12, 20, 42},
};
constexpr Measure kThyroidTests[] = {
    {"3016-3", "Thyroid stimulating hormone", "mU/L", "m[IU]/L", 2, 245, 130, 27, 420},
};
constexpr Measure kLiverTests[] = {
    {"1742-6", "Alanine aminotransferase", "U/L", "U/L", 0, 27, 14, 5, 50},
    {"1751-7", "Albumin in serum or plasma", "g/L", "g/L", 0, 42, 5, 35, 50},
    {"14631-6", "Total bilirubin", "umol/L", "umol/L", 1, 98, 45, 0, 210},
};
constexpr Measure kInflammationTests[] = {
    {"1988-5", "C reactive protein", "mg/L", "mg/L", 1, 140, 110, 0, 50},
};
constexpr Panel kPanels[] = {
    {{"58410-2", "Full blood count"}, kBloodCountTests},
    {{"24362-6", "Renal function"}, kRenalTests},
    {{"24331-1", "Lipid profile"}, kLipidTests},
    {{"59261-8", "Glycated haemoglobin"}, kGlycatedTests},
    {{"55204-3", "Thyroid function"}, kThyroidTests},
    {{"24325-3", "Liver function"}, kLiverTests},
    {{"1988-5", "Inflammation marker"}, kInflammationTests},
};
static_assert(std::size(kPanels) == kPanelCount);

enum MedicineNumber : uint8_t {
  kAmlodipine,
  kRamipril,
  kAtorvastatin,
  kMetformin,
  kSalbutamol,
  kBeclometasone,
  kApixaban,
  kBisoprolol,
  kFurosemide,
  kLevothyroxine,
  kSertraline,
  kParacetamol,
  kOmeprazole,
  kAmoxicillin,
  kNitrofurantoin,
  kAspirin,
  kPrednisolone,
  kDonepezil,
  kSumatriptan,
  kLamotrigine,
  kEmollient,
};
constexpr Medicine kMedicines[] = {
    {{"386864001", "Amlodipine"},
     "Amlodipine 5mg tablets",
     "One to be taken each day",
     "tablet",
     28,
     1},
    {{"386872004", "Ramipril"},
     "Ramipril 2.5mg capsules",
     "Take one each morning",
     "capsule",
     28,
     1},
    {{"373444002", "Atorvastatin"},
     "Atorvastatin 20mg tablets",
     "Take one at night",
     "tablet",
     56,
     1},
    {{"372567009", "Metformin"},
     "Metformin 500mg tablets",
     "One to be taken twice a day with food",
     "tablet",
     112,
     2},
    {{"39113611000001102", "Salbutamol 100micrograms/dose inhaler CFC free"},
     "Salbutamol 100micrograms/dose inhaler CFC free",
     "Two puffs when needed for wheeze",
     "dose",
     200,
     4},
    {{"116574000", "Beclometasone"},
     "Beclometasone 100micrograms/dose inhaler",
     "Two puffs twice a day; rinse the mouth after use",
     "dose",
     200,
     2},
    {{"698090000", "Apixaban"}, "Apixaban 5mg tablets", "Take one twice a day", "tablet", 56, 2},
    {{"386868003", "Bisoprolol"},
     "Bisoprolol 2.5mg tablets",
     "Take one each morning",
     "tablet",
     28,
     1},
    {{"317972000", "Furosemide 40mg tablets"},
     "Furosemide 40mg tablets",
     "One each morning",
     "tablet",
     28,
     1},
    {{"710809001", "Levothyroxine"},
     "Levothyroxine sodium 75microgram tablets",
     "One each day, half an hour before breakfast",
     "tablet",
     56,
     1},
    {{"372594008", "Sertraline"},
     "Sertraline 50mg tablets",
     "One to be taken each day",
     "tablet",
     28,
     1},
    {{"322236009", "Paracetamol 500mg tablets"},
     "Paracetamol 500mg tablets",
     "One or two up to four times a day; no more than eight in 24 hours",
     "tablet",
     100,
     4},
    {{"387137007", "Omeprazole"},
     "Omeprazole 20mg gastro-resistant capsules",
     "One before breakfast",
     "capsule",
     28,
     1},
    {{"372687004", "Amoxicillin"},
     "Amoxicillin 500mg capsules",
     "One three times a day until finished",
     "capsule",
     15,
     3},
    {{"373543005", "Nitrofurantoin"},
     "Nitrofurantoin 100mg modified-release capsules",
     "One twice a day with food until finished",
     "capsule",
     6,
     2},
    {{"319775004", "Aspirin 75mg tablets"},
     "Aspirin 75mg dispersible tablets",
     "One each day, dissolved in water",
     "tablet",
     28,
     1},
    {{"325427002", "Prednisolone 5mg tablets"},
     "Prednisolone 5mg tablets",
     "Six each morning for five days",
     "tablet",
     30,
     1},
    {{"386855006", "Donepezil"}, "Donepezil 10mg tablets", "One at night", "tablet", 28, 1},
    {{"395818005", "Sumatriptan"},
     "Sumatriptan 50mg tablets",
     "One at the start of an attack; may be repeated after two hours",
     "tablet",
     6,
     1},
    {{"387562000", "Lamotrigine"}, "Lamotrigine 100mg tablets", "One twice a day", "tablet", 56, 2},
    {{"19153411000001105", "Emollient cream"},
     "Emollient cream 500g pump",
     "Apply as often as needed",
     "gram",
     500,
     3},
};

constexpr uint8_t kNoPanel = kPanelCount;
constexpr LongTermKind kLongTermKinds[] = {
    {{"38341003", "High blood pressure"},
     OnlyFor::kAnyone,
     28,
     {0, 60, 300, 600},
     {kRenal, kLipids},
     {kAmlodipine, kRamipril}},
    {{"44054006", "Type 2 diabetes"},
     OnlyFor::kAnyone,
     25,
     {2, 40, 140, 200},
     {kGlycated, kRenal},
     {kMetformin, kAtorvastatin}},
    {{"195967001", "Asthma"},
     OnlyFor::kAnyone,
     4,
     {110, 85, 70, 60},
     {kNoPanel, kNoPanel},
     {kSalbutamol, kBeclometasone}},
    {{"13645005", "Chronic obstructive lung disease"},
     OnlyFor::kAnyone,
     40,
     {0, 5, 60, 120},
     {kBloodCount, kNoPanel},
     {kSalbutamol, kPrednisolone}},
    {{"49436004", "Atrial fibrillation"},
     OnlyFor::kAnyone,
     40,
     {0, 4, 30, 160},
     {kRenal, kBloodCount},
     {kApixaban, kBisoprolol}},
    {{"84114007", "Heart failure"},
     OnlyFor::kAnyone,
     45,
     {0, 2, 15, 90},
     {kRenal, kNoPanel},
     {kFurosemide, kBisoprolol}},
    {{"414545008", "Ischaemic heart disease"},
     OnlyFor::kAnyone,
     40,
     {0, 8, 70, 200},
     {kLipids, kRenal},
     {kAspirin, kAtorvastatin}},
    {{"40930008", "Underactive thyroid"},
     OnlyFor::kAnyone,
     18,
     {5, 25, 60, 90},
     {kThyroid, kNoPanel},
     {kLevothyroxine, kNoMedicine}},
    {{"709044004", "Chronic kidney disease"},
     OnlyFor::kAnyone,
     35,
     {0, 5, 60, 300},
     {kRenal, kBloodCount},
     {kNoMedicine, kNoMedicine}},
    {{"35489007", "Depression"},
     OnlyFor::kAnyone,
     14,
     {60, 150, 140, 100},
     {kNoPanel, kNoPanel},
     {kSertraline, kNoMedicine}},
    {{"197480006", "Anxiety disorder"},
     OnlyFor::kAnyone,
     12,
     {80, 130, 110, 80},
     {kNoPanel, kNoPanel},
     {kNoMedicine, kNoMedicine}},
    {{"396275006", "Osteoarthritis"},
     OnlyFor::kAnyone,
     38,
     {0, 30, 200, 400},
     {kNoPanel, kNoPanel},
     {kParacetamol, kNoMedicine}},
    {{"52448006", "Dementia"},
     OnlyFor::kAnyone,
     58,
     {0, 0, 5, 120},
     {kBloodCount, kThyroid},
     {kDonepezil, kNoMedicine}},
    {{"230690007", "Stroke"},
     OnlyFor::kAnyone,
     40,
     {0, 3, 20, 90},
     {kLipids, kNoPanel},
     {kAspirin, kAtorvastatin}},
    {{"43116000", "Eczema"},
     OnlyFor::kAnyone,
     0,
     {120, 60, 40, 30},
     {kNoPanel, kNoPanel},
     {kEmollient, kNoMedicine}},
    {{"37796009", "Migraine"},
     OnlyFor::kAnyone,
     10,
     {60, 110, 80, 40},
     {kNoPanel, kNoPanel},
     {kSumatriptan, kNoMedicine}},
    {{"84757009", "Epilepsy"},
     OnlyFor::kAnyone,
     3,
     {6, 8, 9, 10},
     {kLiver, kNoPanel},
     {kLamotrigine, kNoMedicine}},
    {{"399068003", "Cancer of the prostate"},
     OnlyFor::kMen,
     50,
     {0, 0, 20, 110},
     {kBloodCount, kNoPanel},
     {kNoMedicine, kNoMedicine}},
    {{"254837009", "Cancer of the breast"},
     OnlyFor::kWomen,
     32,
     {0, 10, 40, 80},
     {kBloodCount, kLiver},
     {kNoMedicine, kNoMedicine}},
    {{"279039007", "Low back pain"},
     OnlyFor::kAnyone,
     18,
     {20, 120, 180, 200},
     {kNoPanel, kNoPanel},
     {kParacetamol, kNoMedicine}},
    {{"235595009", "Gastro-oesophageal reflux"},
     OnlyFor::kAnyone,
     20,
     {10, 80, 160, 200},
     {kNoPanel, kNoPanel},
     {kOmeprazole, kNoMedicine}},
    {{"414916001", "Obesity"},
     OnlyFor::kAnyone,
     12,
     {50, 120, 160, 120},
     {kGlycated, kLipids},
     {kNoMedicine, kNoMedicine}},
};

constexpr MinorKind kMinorKinds[] = {
    {{"54150009", "Upper respiratory infection"}, kNoMedicine},
    {{"68566005", "Urinary tract infection"}, kNitrofurantoin},
    {{"25374005", "Gastroenteritis"}, kNoMedicine},
    {{"65363002", "Middle ear infection"}, kAmoxicillin},
    {{"10509002", "Acute bronchitis"}, kAmoxicillin},
    {{"44465007", "Sprained ankle"}, kParacetamol},
    {{"25064002", "Headache"}, kParacetamol},
    {{"162397003", "Sore throat"}, kNoMedicine},
    {{"267036007", "Shortness of breath"}, kSalbutamol},
    {{"271807003", "Rash"}, kEmollient},
    {{"162864005", "Indigestion"}, kOmeprazole},
    {{"57676002", "Joint pain"}, kParacetamol},
};

constexpr HospitalKind kHospitalKinds[] = {
    {{"233604007", "Pneumonia"},
     OnlyFor::kAnyone,
     0,
     120,
     8,
     {"399208008", "Chest X-ray"},
     "Respiratory medicine"},
    {{"29857009", "Chest pain"},
     OnlyFor::kAnyone,
     25,
     120,
     12,
     {"29303009", "Electrocardiogram"},
     "Cardiology"},
    {{"21522001", "Abdominal pain"},
     OnlyFor::kAnyone,
     3,
     120,
     12,
     {"16310003", "Ultrasound scan"},
     "General surgery"},
    {{"74400008", "Appendicitis"},
     OnlyFor::kAnyone,
     6,
     60,
     4,
     {"80146002", "Removal of appendix"},
     "General surgery"},
    {{"22298006", "Heart attack"},
     OnlyFor::kAnyone,
     42,
     120,
     4,
     {"40701008", "Echocardiogram"},
     "Cardiology"},
    {{"5913000", "Broken hip"},
     OnlyFor::kAnyone,
     62,
     120,
     6,
     {"52734007", "Hip replacement"},
     "Trauma and orthopaedics"},
    {{"77386006", "Pregnancy"},
     OnlyFor::kWomen,
     18,
     44,
     22,
     {"11466000", "Caesarean section"},
     "Obstetrics"},
    {{"217082002", "Fall"},
     OnlyFor::kAnyone,
     1,
     120,
     12,
     {"168537006", "Plain X-ray"},
     "Emergency medicine"},
    {{"82271004", "Head injury"},
     OnlyFor::kAnyone,
     1,
     120,
     8,
     {"77477000", "CT scan"},
     "Emergency medicine"},
    {{"193570009", "Cataract"},
     OnlyFor::kAnyone,
     60,
     120,
     9,
     {"110473004", "Cataract surgery"},
     "Ophthalmology"},
    {{"233678006", "Childhood asthma attack"},
     OnlyFor::kAnyone,
     3,
     15,
     12,
     {"127783003", "Spirometry"},
     "Paediatrics"},
    {{"12063002", "Rectal bleeding"},
     OnlyFor::kAnyone,
     30,
     120,
     8,
     {"73761001", "Colonoscopy"},
     "Gastroenterology"},
};

constexpr Code kRash = {"271807003", "Rash"};
constexpr Code kHives = {"247472004", "Hives"};
constexpr Code kAnaphylaxis = {"39579001", "Anaphylaxis"};
constexpr Code kNausea = {"422587007", "Nausea"};
constexpr Allergen kAllergens[] = {
    {{"91936005", "Allergy to penicillin"}, kRash, "medication"},
    {{"91935009", "Allergy to peanuts"}, kAnaphylaxis, "food"},
    {{"300916003", "Allergy to latex"}, kHives, "environment"},
    {{"293586001", "Allergy to aspirin"}, kNausea, "medication"},
    {{"91930004", "Allergy to eggs"}, kHives, "food"},
    {{"418689008", "Allergy to grass pollen"}, kHives, "environment"},
};

constexpr VaccineKind kVaccines[] = {
    {{"1162639006", "Six-in-one vaccine"}, {"397430003", "Diphtheria"}},
    {{"61153008", "Measles, mumps and rubella vaccine"}, {"14189004", "Measles"}},
    {{"836398006", "Pneumococcal vaccine"}, {"16814004", "Pneumococcal disease"}},
    {{"46233009", "Influenza vaccine"}, {"6142004", "Influenza"}},
    {{"1119305005", "COVID-19 vaccine"}, {"840539006", "COVID-19"}},
    {{"407737004", "Shingles vaccine"}, {"4740000", "Shingles"}},
};

enum PoolNumber : uint8_t { kEnglish, kCeltic, kSlavic, kSouthAsian, kAfrican, kChinese, kArabic };
constexpr EthnicGroup kEthnicGroups[] = {
    {{"A", "British"}, 700, kEnglish},
    {{"A", "British"}, 50, kCeltic},
    {{"B", "Irish"}, 15, kCeltic},
    {{"C", "Any other White background"}, 60, kSlavic},
    {{"D", "White and Black Caribbean"}, 9, kEnglish},
    {{"F", "White and Asian"}, 9, kEnglish},
    {{"H", "Indian"}, 32, kSouthAsian},
    {{"J", "Pakistani"}, 28, kSouthAsian},
    {{"K", "Bangladeshi"}, 11, kSouthAsian},
    {{"M", "Caribbean"}, 11, kEnglish},
    {{"N", "African"}, 26, kAfrican},
    {{"R", "Chinese"}, 8, kChinese},
    {{"S", "Any other ethnic group"}, 16, kArabic},
    {{"Z", "Not stated"}, 25, kEnglish},
};

constexpr sv kEnglishWomen[] = {
    "Olivia",    "Amelia",   "Emily",    "Charlotte", "Sophie",  "Grace",  "Lucy",    "Hannah",
    "Rebecca",   "Sarah",    "Claire",   "Helen",     "Joanne",  "Nicola", "Karen",   "Susan",
    "Linda",     "Margaret", "Patricia", "Jean",      "Dorothy", "Joan",   "Zoë",     "Chloé",
    "Beth",      "Alice",    "Jade",     "Kerry",     "Tracey",  "Wendy",  "Gillian", "Anne-Marie",
    "Mary-Jane", "Edith",    "Florence", "Ruby"};
constexpr sv kEnglishMen[] = {"Oliver",  "George", "Harry",   "Jack",        "Thomas",    "William",
                              "James",   "Daniel", "Matthew", "Christopher", "Andrew",    "Stephen",
                              "Mark",    "Paul",   "David",   "Peter",       "Robert",    "Alan",
                              "Kenneth", "Ronald", "Derek",   "Brian",       "Raymond",   "Zachary",
                              "Luke",    "Aaron",  "Ryan",    "Jordan",      "Gary",      "Keith",
                              "Ian",     "Neil",   "Arthur",  "Albert",      "Frederick", "Noël"};
constexpr sv kEnglishFamilies[] = {
    "Smith",      "Jones",       "Taylor",      "Brown",       "Wilson",   "Johnson",
    "Walker",     "Wright",      "Thompson",    "White",       "Hughes",   "Edwards",
    "Green",      "Hall",        "Wood",        "Harris",      "Clarke",   "Cooper",
    "Ward",       "Turner",      "Hill",        "Baker",       "Fisher",   "Barker",
    "Holloway",   "Marsh",       "Pickering",   "Ashworth",    "Whitaker", "Thistlewood",
    "Brontë",     "Smith-Jones", "Hall-Barker", "Fairweather", "Ogden",    "Sutcliffe",
    "Ramsbottom", "Greenhalgh",  "Fenwick",     "Tranter",     "Peacock",  "Bramley"};
constexpr sv kCelticWomen[] = {"Siân",   "Bronwen", "Niamh", "Aoife",  "Róisín", "Catrin", "Fiona",
                               "Eilidh", "Bridget", "Megan", "Sinéad", "Mairi",  "Carys",  "Orla"};
constexpr sv kCelticMen[] = {"Dafydd", "Gethin",  "Seán", "Ciarán", "Rhys",  "Callum", "Hamish",
                             "Declan", "Pádraig", "Iwan", "Eoin",   "Angus", "Gwilym", "Conor"};
constexpr sv kCelticFamilies[] = {"O'Connor",      "O'Neill",  "Murphy",    "Evans",
                                  "Davies",        "Williams", "MacDonald", "McCarthy",
                                  "Llewellyn",     "Pugh",     "Griffiths", "Campbell",
                                  "O'Brien-Walsh", "Byrne",    "Stewart",   "Ó Súilleabháin"};
constexpr sv kSlavicWomen[] = {"Małgorzata", "Zofia",  "Agnieszka", "Elena",  "Ioana", "Kateřina",
                               "Magdalena",  "Oksana", "Dovilė",    "Anđela", "Ilze",  "Žaneta"};
constexpr sv kSlavicMen[] = {"Łukasz",   "Paweł",  "Krzysztof", "Andrei", "Mihai", "Tomáš",
                             "Jarosław", "Dmytro", "Vytautas",  "Nikola", "Jānis", "Stanisław"};
constexpr sv kSlavicFamilies[] = {"Nowak",   "Wójcik",     "Kowalczyk",  "Zieliński",  "Popescu",
                                  "Ionescu", "Dvořák",     "Kazlauskas", "Shevchenko", "Petrović",
                                  "Bērziņš", "Wiśniewska", "Çelik",      "Müller",     "García"};
constexpr sv kSouthAsianWomen[] = {"Priya",    "Ayesha",   "Fatima",  "Anjali",
                                   "Sunita",   "Zainab",   "Nasreen", "Meera",
                                   "Rukhsana", "Harpreet", "Deepa",   "Shabana"};
constexpr sv kSouthAsianMen[] = {"Mohammed", "Imran",    "Rajesh", "Arjun",  "Bilal", "Sanjay",
                                 "Abdul",    "Gurpreet", "Tariq",  "Vikram", "Rahim", "Faisal"};
constexpr sv kSouthAsianFamilies[] = {"Patel", "Khan",   "Singh",     "Kaur",   "Begum", "Hussain",
                                      "Ahmed", "Sharma", "Chowdhury", "Malik",  "Desai", "Rahman",
                                      "Uddin", "Iqbal",  "Nair",      "Mahmood"};
constexpr sv kAfricanWomen[] = {"Ngozi",   "Abena", "Folasade", "Temitọpẹ", "Amara",
                                "Wanjiru", "Chipo", "Adaeze",   "Efua",     "Thandiwe"};
constexpr sv kAfricanMen[] = {"Emeka", "Kwame",     "Oluwaseun", "Tendai", "Chidi",
                              "Kofi",  "Babatunde", "Tafadzwa",  "Kamau",  "Sipho"};
constexpr sv kAfricanFamilies[] = {"Okafor", "Mensah",  "Adébáyò", "Moyo",   "Nwosu",  "Boateng",
                                   "Ndlovu", "Okonkwo", "Asante",  "Mwangi", "Balogun"};
constexpr sv kChineseWomen[] = {"Mei", "Xiuying", "Yan", "Hui Min", "Lin", "Wai-Ling", "Jing"};
constexpr sv kChineseMen[] = {"Wei", "Jun", "Ka-Ho", "Ming", "Zhiqiang", "Tao", "Chi Keung"};
constexpr sv kChineseFamilies[] = {"Chen", "Wong", "Zhang", "Li", "Lǚ", "Cheung", "Huang", "Ng"};
constexpr sv kArabicWomen[] = {"Layla", "Hodan", "Shirin", "Noor", "Ifrah", "Zahra", "Maryam"};
constexpr sv kArabicMen[] = {"Omar", "Abdirahman", "Reza", "Yusuf", "Karim", "Hassan", "Daud"};
constexpr sv kArabicFamilies[] = {"Al-Masri", "Warsame",     "Haddad", "Hosseini", "Abdi",
                                  "Nasser",   "Ben Youssef", "Farah",  "El-Sayed"};
constexpr NamePool kNamePools[] = {
    {kEnglishWomen, kEnglishMen, kEnglishFamilies},
    {kCelticWomen, kCelticMen, kCelticFamilies},
    {kSlavicWomen, kSlavicMen, kSlavicFamilies},
    {kSouthAsianWomen, kSouthAsianMen, kSouthAsianFamilies},
    {kAfricanWomen, kAfricanMen, kAfricanFamilies},
    {kChineseWomen, kChineseMen, kChineseFamilies},
    {kArabicWomen, kArabicMen, kArabicFamilies},
};

constexpr sv kStreets[] = {"Mill Lane",          "Chapel Street", "Station Road",   "Orchard Close",
                           "Quarry Hill",        "Canal Bank",    "Beech Avenue",   "Weaver's Row",
                           "Priory Gardens",     "Tannery Yard",  "Kiln Croft",     "Heron Way",
                           "Long Acre",          "Ferry Terrace", "Vicarage Drive", "Sycamore Rise",
                           "Colliery View",      "Bell Court",    "Fuller's Walk",  "Market Place",
                           "Lambourne Crescent", "Northgate",     "Moor Edge",      "Wharf Street"};
constexpr sv kTowns[] = {"Harrowby Vale", "Stanmarch", "Ellerbeck",   "Dunsford-on-Rill",
                         "Overmere",      "Thornby",   "Castle Weir", "Millhaven"};

constexpr sv kOpenings[] = {"Attended with",
                            "Telephoned about",
                            "Seen in surgery with",
                            "Reviewed because of",
                            "Came with partner; describes",
                            "Video consultation for",
                            "Home visit requested for",
                            "Returned as advised with",
                            "Brought in by daughter with",
                            "Walk-in:",
                            "Booked online for",
                            "Follow-up of"};
constexpr sv kSymptoms[] = {"a dry cough worse at night",
                            "intermittent dizziness on standing",
                            "pain in the left knee",
                            "tiredness and poor sleep",
                            "a sore throat and blocked nose",
                            "burning on passing water",
                            "ankle swelling by the evening",
                            "tightness across the chest on hills",
                            "an itchy rash on both forearms",
                            "low mood since a bereavement",
                            "tingling in the fingers",
                            "heartburn after meals",
                            "palpitations lasting a few minutes",
                            "a stiff lower back after gardening",
                            "loose stools",
                            "headaches over the right eye",
                            "worry about work",
                            "breathlessness on the stairs",
                            "a lump behind the ear",
                            "loss of appetite and some weight loss",
                            "poor hearing on the left",
                            "a fall in the kitchen",
                            "recurrent nosebleeds",
                            "cramp in the calves at night"};
constexpr sv kFindings[] = {"Chest clear, no added sounds.",
                            "Abdomen soft, no masses felt.",
                            "Throat red, no pus.",
                            "Full range of movement, mild tenderness.",
                            "Heart sounds normal, no murmur heard.",
                            "Looks well, no fever.",
                            "Mild pitting oedema to mid shin.",
                            "Both ear drums normal.",
                            "Affect flat but reactive; no thoughts of self-harm.",
                            "Oxygen saturation normal on air.",
                            "Pulse irregular, rate controlled.",
                            "Skin dry with some scratching marks.",
                            "Walks with a stick, steady on turning.",
                            "Neurological examination unremarkable.",
                            "Weight down a little since last seen.",
                            "Urine dipstick shows leucocytes and nitrites.",
                            "No red flags on careful questioning.",
                            "Calves soft, not tender."};
constexpr sv kPlans[] = {"Advised rest and fluids.",
                         "Bloods requested.",
                         "To return if no better in a week.",
                         "Started a short course and explained side effects.",
                         "Referral discussed and agreed.",
                         "Safety-netting advice given.",
                         "Dose unchanged; review in three months.",
                         "Exercise sheet sent by text message.",
                         "Will ring with results.",
                         "Sick note for two weeks.",
                         "Offered talking therapy and given the number.",
                         "Stop ibuprofen; use paracetamol instead.",
                         "Repeat blood pressure at home twice a day for a week.",
                         "Discussed with the pharmacist.",
                         "Smoking cessation clinic suggested, will think about it.",
                         "ECG booked with the nurse.",
                         "Partner will help with tablets in a weekly box.",
                         "No change to treatment today."};
constexpr sv kLivingNotes[] = {"Lives alone in a ground-floor flat with a key safe.",
                               "Lives with a spouse who is the main carer.",
                               "Manages meals with prompting.",
                               "Needs one person to help with washing and dressing.",
                               "Uses a walking frame indoors and a wheelchair outside.",
                               "A neighbour shops on Tuesdays.",
                               "Would like to go back to the choir on Thursdays.",
                               "Prefers to be visited after ten o'clock.",
                               "Has a small dog and worries about who would look after it.",
                               "Hearing aids in both ears; speak clearly.",
                               "Two falls in the last half year, none with injury.",
                               "Pendant alarm fitted and tested.",
                               "Reads large print; letters should be in size 18.",
                               "Interpreter needed for longer meetings."};
constexpr sv kGoals[] = {"To stay in my own home",       "To walk to the shop and back",
                         "To manage my tablets myself",  "To see my grandchildren each week",
                         "To sleep through the night",   "To lose half a stone",
                         "To have fewer flare-ups",      "To feel safe in the shower",
                         "To go back to work part time", "To be comfortable and without pain"};

}  // namespace

std::span<const Panel> panels() {
  return kPanels;
}
std::span<const Medicine> medicines() {
  return kMedicines;
}
std::span<const LongTermKind> long_term_kinds() {
  return kLongTermKinds;
}
std::span<const MinorKind> minor_kinds() {
  return kMinorKinds;
}
std::span<const HospitalKind> hospital_kinds() {
  return kHospitalKinds;
}
std::span<const Allergen> allergens() {
  return kAllergens;
}
std::span<const VaccineKind> vaccines() {
  return kVaccines;
}
std::span<const EthnicGroup> ethnic_groups() {
  return kEthnicGroups;
}
std::span<const NamePool> name_pools() {
  return kNamePools;
}
std::span<const std::string_view> streets() {
  return kStreets;
}
std::span<const std::string_view> towns() {
  return kTowns;
}
std::span<const std::string_view> openings() {
  return kOpenings;
}
std::span<const std::string_view> symptoms() {
  return kSymptoms;
}
std::span<const std::string_view> findings() {
  return kFindings;
}
std::span<const std::string_view> plans() {
  return kPlans;
}
std::span<const std::string_view> living_notes() {
  return kLivingNotes;
}
std::span<const std::string_view> goals() {
  return kGoals;
}

}  // namespace continuum::synth
