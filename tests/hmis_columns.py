"""The columns of an HMIS CSV export (FY2024), table by table, as HUD's public format names them."""

_NAMES = {
    "Export": (
        "ExportID SourceType SourceID SourceName SourceContactFirst SourceContactLast SourceContactPhone SourceContactExtension "
        "SourceContactEmail ExportDate ExportStartDate ExportEndDate SoftwareName SoftwareVersion CSVVersion ExportPeriodType "
        "ExportDirective HashStatus ImplementationID "
    ),
    "Organization": (
        "OrganizationID OrganizationName VictimServiceProvider OrganizationCommonName DateCreated DateUpdated UserID DateDeleted "
        "ExportID "
    ),
    "Project": (
        "ProjectID OrganizationID ProjectName ProjectCommonName OperatingStartDate OperatingEndDate ContinuumProject ProjectType "
        "HousingType RRHSubType ResidentialAffiliation TargetPopulation HOPWAMedAssistedLivingFac PITCount DateCreated "
        "DateUpdated UserID DateDeleted ExportID "
    ),
    "Client": (
        "PersonalID FirstName MiddleName LastName NameSuffix NameDataQuality SSN SSNDataQuality DOB DOBDataQuality AmIndAKNative "
        "Asian BlackAfAmerican HispanicLatinaeo MidEastNAfrican NativeHIPacific White RaceNone AdditionalRaceEthnicity Woman Man "
        "NonBinary CulturallySpecific Transgender Questioning DifferentIdentity GenderNone DifferentIdentityText VeteranStatus "
        "YearEnteredService YearSeparated WorldWarII KoreanWar VietnamWar DesertStorm AfghanistanOEF IraqOIF IraqOND OtherTheater "
        "MilitaryBranch DischargeStatus DateCreated DateUpdated UserID DateDeleted ExportID "
    ),
    "Enrollment": (
        "EnrollmentID PersonalID ProjectID EntryDate HouseholdID RelationshipToHoH EnrollmentCoC LivingSituation "
        "RentalSubsidyType LengthOfStay LOSUnderThreshold PreviousStreetESSH DateToStreetESSH TimesHomelessPastThreeYears "
        "MonthsHomelessPastThreeYears DisablingCondition DateOfEngagement MoveInDate DateOfPATHStatus ClientEnrolledInPATH "
        "ReasonNotEnrolled PercentAMI ReferralSource CountOutreachReferralApproaches DateOfBCPStatus EligibleForRHY "
        "ReasonNoServices RunawayYouth SexualOrientation SexualOrientationOther FormerWardChildWelfare ChildWelfareYears "
        "ChildWelfareMonths FormerWardJuvenileJustice JuvenileJusticeYears JuvenileJusticeMonths UnemploymentFam "
        "MentalHealthDisorderFam PhysicalDisabilityFam AlcoholDrugUseDisorderFam InsufficientIncome IncarceratedParent "
        "VAMCStation TargetScreenReqd TimeToHousingLoss AnnualPercentAMI LiteralHomelessHistory ClientLeaseholder HOHLeaseholder "
        "SubsidyAtRisk EvictionHistory CriminalRecord IncarceratedAdult PrisonDischarge SexOffender DisabledHoH CurrentPregnant "
        "SingleParent DependentUnder6 HH5Plus CoCPrioritized HPScreeningScore ThresholdScore TranslationNeeded PreferredLanguage "
        "PreferredLanguageDifferent DateCreated DateUpdated UserID DateDeleted ExportID "
    ),
    "Exit": (
        "ExitID EnrollmentID PersonalID ExitDate Destination DestinationSubsidyType OtherDestination HousingAssessment "
        "SubsidyInformation ProjectCompletionStatus EarlyExitReason ExchangeForSex ExchangeForSexPastThreeMonths "
        "CountOfExchangeForSex AskedOrForcedToExchangeForSex AskedOrForcedToExchangeForSexPastThreeMonths "
        "WorkPlaceViolenceThreats WorkplacePromiseDifference CoercedToContinueWork LaborExploitPastThreeMonths CounselingReceived "
        "IndividualCounseling FamilyCounseling GroupCounseling SessionCountAtExit PostExitCounselingPlan SessionsInPlan "
        "DestinationSafeClient DestinationSafeWorker PosAdultConnections PosPeerConnections PosCommunityConnections AftercareDate "
        "AftercareProvided EmailSocialMedia Telephone InPersonIndividual InPersonGroup CMExitReason DateCreated DateUpdated "
        "UserID DateDeleted ExportID "
    ),
    "Services": (
        "ServicesID EnrollmentID PersonalID DateProvided RecordType TypeProvided OtherTypeProvided MovingOnOtherType "
        "SubTypeProvided FAAmount FAStartDate FAEndDate ReferralOutcome DateCreated DateUpdated UserID DateDeleted ExportID "
    ),
    "HealthAndDV": (
        "HealthAndDVID EnrollmentID PersonalID InformationDate DomesticViolenceSurvivor WhenOccurred CurrentlyFleeing "
        "GeneralHealthStatus DentalHealthStatus MentalHealthStatus PregnancyStatus DueDate DataCollectionStage DateCreated "
        "DateUpdated UserID DateDeleted ExportID "
    ),
    "EmploymentEducation": (
        "EmploymentEducationID EnrollmentID PersonalID InformationDate LastGradeCompleted SchoolStatus Employed EmploymentType "
        "NotEmployedReason DataCollectionStage DateCreated DateUpdated UserID DateDeleted ExportID "
    ),
    "IncomeBenefits": (
        "IncomeBenefitsID EnrollmentID PersonalID InformationDate IncomeFromAnySource TotalMonthlyIncome Earned EarnedAmount "
        "Unemployment UnemploymentAmount SSI SSIAmount SSDI SSDIAmount VADisabilityService VADisabilityServiceAmount "
        "VADisabilityNonService VADisabilityNonServiceAmount PrivateDisability PrivateDisabilityAmount WorkersComp "
        "WorkersCompAmount TANF TANFAmount GA GAAmount SocSecRetirement SocSecRetirementAmount Pension PensionAmount ChildSupport "
        "ChildSupportAmount Alimony AlimonyAmount OtherIncomeSource OtherIncomeAmount OtherIncomeSourceIdentify "
        "BenefitsFromAnySource SNAP WIC TANFChildCare TANFTransportation OtherTANF OtherBenefitsSource "
        "OtherBenefitsSourceIdentify InsuranceFromAnySource Medicaid NoMedicaidReason Medicare NoMedicareReason SCHIP "
        "NoSCHIPReason VHAServices NoVHAReason EmployerProvided NoEmployerProvidedReason COBRA NoCOBRAReason PrivatePay "
        "NoPrivatePayReason StateHealthIns NoStateHealthInsReason IndianHealthServices NoIndianHealthServicesReason "
        "OtherInsurance OtherInsuranceIdentify ADAP NoADAPReason RyanWhiteMedDent NoRyanWhiteReason ConnectionWithSOAR "
        "DataCollectionStage DateCreated DateUpdated UserID DateDeleted ExportID "
    ),
}

COLUMNS = {table: names.split() for table, names in _NAMES.items()}
